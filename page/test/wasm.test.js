import { expect, test } from "vitest";

import { calledName, functionCount, probed, trimmed } from "../runtime/wasm.js";

/** A module with an imported global, a global of its own, and two functions, `a` and `b`. */
const MODULE = Buffer.from([
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 5, 1, 0x60, 0, 1, 0x7f], // () => i32
  ...[2, 8, 1, 1, 0x6d, 1, 0x67, 3, 0x7f, 0], // m.g
  ...[3, 3, 2, 0, 0],
  ...[6, 6, 1, 0x7f, 1, 0x41, 0, 0x0b],
  ...[7, 9, 2, 1, 0x61, 0, 0, 1, 0x62, 0, 1],
  ...[10, 13, 2, 4, 0, 0x41, 7, 0x0b, 6, 1, 1, 0x7f, 0x41, 9, 0x0b], // b has a local variable
]);

const running = async (module) => (await WebAssembly.instantiate(module, { m: { g: 1 } })).instance.exports;

test("functions that are called are told from the others", async () => {
  const { b, ...exported } = await running(probed(MODULE));

  expect(b()).toBe(9);
  expect([0, 1].map((index) => exported[calledName(index)].value)).toEqual([0, 1]);
});

test("functions that are left out end the program, and the others stay", async () => {
  expect(functionCount(MODULE)).toBe(2);
  const { a, b } = await running(trimmed(MODULE, (index) => index === 1));

  expect(b()).toBe(9);
  expect(a).toThrow(WebAssembly.RuntimeError);
});
