import { expect, test } from "vitest";

import { oneIn, strangersNamed } from "../src/collections/meaning";

test("a similarity says how many strangers are named, as docs/accuracy.md does", () => {
  expect(strangersNamed(80)).toBeCloseTo(0.01);
  expect(strangersNamed(43)).toBeCloseTo(0.5);
  expect(strangersNamed(70)).toBeCloseTo(10 ** -1.5);
  expect(strangersNamed(90)).toBeCloseTo(0.0001);
});

test("below the first point nothing is known, so all strangers may be named", () => {
  expect(strangersNamed(10)).toBe(1);
});

test("one in so many strangers has two digits", () => {
  expect(oneIn(0.01)).toBe(100);
  expect(oneIn(0.0288)).toBe(35);
  expect(oneIn(0.00123)).toBe(810);
  expect(oneIn(1)).toBe(1);
});
