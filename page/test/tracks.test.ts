import { expect, test } from "vitest";

import { Tracks } from "../src/live/tracks";
import type { Look, Track } from "../src/live/tracks";

const look = (name: string | null, left = 0): Look => ({
  box: { left, top: 0, width: 100, height: 100 },
  name,
  similarity: name === null ? null : 90,
});

function after(...frames: Look[][]): Track[] {
  const tracks = new Tracks();
  return frames.map((looks) => tracks.follow(looks)).at(-1) ?? [];
}

const times = (count: number, ...looks: Look[]) => Array.from({ length: count }, () => looks);

test("a name is confirmed at the fifth look that says it, not at the fourth", () => {
  expect(after(...times(4, look("Ada")))[0]?.state).toBe("maybe");
  expect(after(...times(5, look("Ada")))[0]?.state).toBe("confirmed");
});

test("looks without a name do not confirm, and do not take a name away at once", () => {
  expect(after(...times(4, look("Ada")), ...times(4, look(null)))[0]?.state).toBe("maybe");
  expect(after(...times(5, look("Ada")), ...times(5, look(null)))[0]?.state).toBe("confirmed");
  expect(after(...times(5, look("Ada")), ...times(6, look(null)))[0]?.state).toBe("lost");
  expect(after(...times(5, look("Ada")), ...times(10, look(null)))[0]).toMatchObject({
    name: null,
    state: "unknown",
  });
});

test("another person in the same place never bears the earlier name", () => {
  const tracks = new Tracks();
  for (let count = 0; count < 10; count += 1) tracks.follow([look("Ada")]);
  const told = times(6, look("Bob")).map((looks) => tracks.follow(looks)[0]);

  expect(told.map((track) => track?.name)).toEqual(Array(6).fill("Bob"));
  expect(told.map((track) => track?.state)).toEqual([...Array(4).fill("maybe"), ...Array(2).fill("confirmed")]);
});

test("two people in view share no votes", () => {
  const told = after(...times(3, look("Ada", 0), look("Ada", 300)));

  expect(told.map(({ state }) => state)).toEqual(["maybe", "maybe"]);
  expect(new Set(told.map(({ id }) => id)).size).toBe(2);
});

test("a face that moves a little is the same one, and one that jumps is another", () => {
  const moved = after([look("Ada", 0)], [look("Ada", 30)], [look("Ada", 60)]);
  const jumped = after([look("Ada", 0)], [look("Ada", 200)]);

  expect(moved[0]?.id).toBe(1);
  expect(jumped.map(({ id }) => id)).toEqual([2]);
});

test("a face that is missing for a moment keeps its votes, and for longer it does not", () => {
  const ada = times(4, look("Ada"));

  expect(after(...ada, [], [], [look("Ada")])[0]?.state).toBe("confirmed");
  expect(after(...ada, [], [], [], [], [look("Ada")])[0]?.state).toBe("maybe");
});
