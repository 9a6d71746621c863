import { expect, test } from "vitest";

import type { Answer } from "../src/client";
import { byKind, needsALook, newestBatches } from "../src/batches/batches";
import type { Outcome } from "../src/batches/batches";

const outcome = (more: Partial<Outcome>): Outcome => ({
  image_id: "a.jpg",
  job_id: "1",
  status: "done",
  faces: 1,
  unindexed: 0,
  error: null,
  ...more,
});
const failed = (code: string) =>
  outcome({ status: "failed", faces: null, unindexed: null, error: { code } });

test("photos are counted by what became of them, most first", () => {
  const outcomes = [failed("INVALID_IMAGE"), outcome({}), outcome({}), outcome({ status: "pending" })];

  expect(byKind(outcomes)[0]).toEqual(["done", 2]);
  expect(new Map(byKind(outcomes))).toEqual(
    new Map([["done", 2], ["INVALID_IMAGE", 1], ["pending", 1]]),
  );
});

test("a photo needs a look if it failed, or added no face, or not every face", () => {
  expect(needsALook(outcome({}))).toBe(false);
  expect(needsALook(outcome({ status: "pending", faces: null }))).toBe(false);
  expect(needsALook(failed("INVALID_IMAGE"))).toBe(true);
  expect(needsALook(outcome({ faces: 0 }))).toBe(true);
  expect(needsALook(outcome({ unindexed: 1 }))).toBe(true);
});

test("more batches than a page holds are asked for page by page", async () => {
  const asked: string[] = [];
  const ask = async (_: string, path: string) => {
    const query = new URLSearchParams(path.split("?")[1]);
    asked.push(`${query.get("limit")} ${query.get("next_token")}`);
    const batches = Array(Number(query.get("limit"))).fill({ pending: 0 });
    return { body: { batches, next_token: "next" } } as Answer<never>;
  };

  const { batches, hasMore } = await newestBatches({ ask }, 120);

  expect(asked).toEqual(["100 null", "20 next"]);
  expect([batches.length, hasMore]).toEqual([120, true]);
});
