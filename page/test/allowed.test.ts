import { expect, test } from "vitest";

import { knows, viewsFor } from "../src/shell/allowed";
import { VIEWS } from "../src/shell/place";

test("a key shows the views that its scopes allow, and no other", () => {
  expect(viewsFor(["recognise"])).toEqual(["photos", "live", "collections", "health"]);
  expect(viewsFor(["enrol"])).toEqual(["people", "unknown", "batches", "collections", "health"]);
  expect(viewsFor(["erase"])).toEqual(["collections", "health"]);
  expect(viewsFor(["admin"])).toEqual(VIEWS);
});

test("a key knows the collections that its patterns fit as a whole", () => {
  expect(knows(["*"], "default")).toBe(true);
  expect(knows(["staff-*", "guests"], "guests")).toBe(true);
  expect(knows(["staff-*"], "staff-1")).toBe(true);
  expect(knows(["staff-*"], "my-staff-1")).toBe(false);
  expect(knows(["a.c"], "abc")).toBe(false);
  expect(knows([], "default")).toBe(false);
});
