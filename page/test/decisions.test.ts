import { expect, test } from "vitest";

import { ServiceError } from "../src/client";
import type { Answer, Sent } from "../src/client";
import { Decisions, UNDO_MS } from "../src/unknown/decisions";
import type { Choice, Clock } from "../src/unknown/decisions";

const ada = (groupId: string): Choice => ({ groupId, faces: 2, verdict: { person: "Ada", without: [] } });
const ignored = (groupId: string): Choice => ({ groupId, faces: 1, verdict: "ignored" });

/** A clock whose time passes when a test lets it. */
class ManualClock implements Clock {
  private ms = 0;
  private sleepers: { atMs: number; wake: () => void }[] = [];
  now = () => this.ms;
  sleep = (ms: number) =>
    new Promise<void>((wake) => this.sleepers.push({ atMs: this.ms + ms, wake }));
  async pass(ms: number) {
    this.ms += ms;
    const due = this.sleepers.filter(({ atMs }) => atMs <= this.ms);
    this.sleepers = this.sleepers.filter(({ atMs }) => atMs > this.ms);
    due.forEach(({ wake }) => wake());
    await settled();
  }
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

function sorting(answer: (path: string) => Promise<void> | void = () => undefined) {
  const asked: { path: string; sent: Sent }[] = [];
  const clock = new ManualClock();
  const ask = async (_: string, path: string, sent: Sent = {}) => {
    asked.push({ path, sent });
    await answer(path);
    return {} as Answer<never>;
  };
  const decisions = new Decisions({ ask }, "door", () => undefined, clock);
  const paths = () => asked.map(({ path }) => path.replace("/collections/door/groups/", ""));
  return { asked, paths, clock, decisions };
}

test("a decision reaches the service when it can't be undone any more, not before", async () => {
  const { asked, paths, clock, decisions } = sorting();
  decisions.decide([ada("a")]);
  await clock.pass(UNDO_MS - 1);
  expect(paths()).toEqual([]);

  await clock.pass(1);

  expect(paths()).toEqual(["a/name"]);
  expect(asked[0]?.sent.json).toEqual({ person: "Ada", without: [] });
  expect(decisions.newest).toBe(null);
  expect(decisions.isDecided("a")).toBe(true);
});

test("what is undone is never sent, and its groups are listed again", async () => {
  const { paths, clock, decisions } = sorting();
  decisions.decide([ada("a")]);
  decisions.decide([ignored("b"), ignored("c")]);

  expect(decisions.undo()).toEqual(["b", "c"]);

  expect(["a", "b", "c"].map((id) => decisions.isDecided(id))).toEqual([true, false, false]);
  await clock.pass(UNDO_MS);
  expect(paths()).toEqual(["a/name"]);
  expect(decisions.undo()).toEqual([]);
});

test("groups that were decided at once are sent one after another", async () => {
  const waiting: (() => void)[] = [];
  const { paths, clock, decisions } = sorting(() => new Promise((resolve) => waiting.push(resolve)));
  decisions.decide([ignored("a"), ignored("b")]);
  await clock.pass(UNDO_MS);
  expect(paths()).toEqual(["a/ignore"]);

  waiting.pop()?.();
  await settled();

  expect(paths()).toEqual(["a/ignore", "b/ignore"]);
});

test("whoever leaves has decided: all is sent at once, and outlives the page", async () => {
  const { asked, paths, clock, decisions } = sorting();
  decisions.decide([ada("a")]);
  decisions.decide([ignored("b")]);

  decisions.leave();
  await clock.pass(UNDO_MS);

  expect(paths()).toEqual(["a/name", "b/ignore"]);
  expect(asked.every(({ sent }) => sent.outlives)).toBe(true);
});

test("what is on its way is not sent again by leaving", async () => {
  const { paths, clock, decisions } = sorting(() => new Promise(() => undefined));
  decisions.decide([ignored("a"), ignored("b")]);
  await clock.pass(UNDO_MS);

  decisions.leave();

  expect(paths()).toEqual(["a/ignore", "b/ignore"]);
});

test("a group that the service refuses is listed again with the reason", async () => {
  const { clock, decisions } = sorting(() => {
    throw new ServiceError("GROUP_CHANGED", "", false, null);
  });
  decisions.decide([ada("a")]);
  await clock.pass(UNDO_MS);

  expect(decisions.isDecided("a")).toBe(false);
  expect(decisions.refused.get("a")).toBe("GROUP_CHANGED");
});

test("a busy service is asked again after the pause that it wants", async () => {
  let calls = 0;
  const { paths, clock, decisions } = sorting(() => {
    calls += 1;
    if (calls === 1) throw new ServiceError("TOO_BUSY", "", true, 7);
  });
  decisions.decide([ada("a")]);
  await clock.pass(UNDO_MS);
  await clock.pass(6_999);
  expect(paths()).toHaveLength(1);

  await clock.pass(1);

  expect(paths()).toEqual(["a/name", "a/name"]);
  expect(decisions.refused.size).toBe(0);
});
