import { expect, test } from "vitest";

import { viewsFor } from "../src/shell/allowed";
import { VIEWS } from "../src/shell/place";

test("a key shows the views that its scopes allow, and no other", () => {
  expect(viewsFor(["recognise"])).toEqual(["photos", "live", "collections", "health"]);
  expect(viewsFor(["enrol"])).toEqual(["people", "unknown", "batches", "collections", "health"]);
  expect(viewsFor(["erase"])).toEqual(["collections", "health"]);
  expect(viewsFor(["admin"])).toEqual(VIEWS);
});
