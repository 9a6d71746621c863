import { expect, test } from "vitest";

import { decode, facesOf, inputOf, keepBest } from "../src/detector/yunet";
import type { Corners, Outputs } from "../src/detector/yunet";
import known from "./yunet_outputs.json";

interface Cell {
  stride: number;
  index: number;
  cls: number;
  obj: number;
  bbox: number[];
}

/** Outputs for a square input, all 0 but for some cells. */
function outputsWith(side: number, ...cells: Cell[]): Outputs {
  const outputs: Record<string, Float32Array> = {};
  for (const stride of [8, 16, 32]) {
    const count = (side / stride) ** 2;
    outputs[`cls_${stride}`] = new Float32Array(count);
    outputs[`obj_${stride}`] = new Float32Array(count);
    outputs[`bbox_${stride}`] = new Float32Array(4 * count);
  }
  for (const { stride, index, cls, obj, bbox } of cells) {
    outputs[`cls_${stride}`]![index] = cls;
    outputs[`obj_${stride}`]![index] = obj;
    outputs[`bbox_${stride}`]!.set(bbox, 4 * index);
  }
  return outputs;
}

test("a cell is a box around its own place, in strides", () => {
  const cell = { stride: 16, index: 5, cls: 0.9, obj: 0.9, bbox: [0.5, 0.25, Math.log(2), 0] };

  const [face, ...others] = facesOf(outputsWith(64, cell), 64, 0.6);

  // Of four columns, cell 5 is the second of the second row.
  expect(others).toEqual([]);
  expect(face?.score).toBeCloseTo(0.9);
  expect(face?.box.left).toBeCloseTo((1 + 0.5) * 16 - 16);
  expect(face?.box.top).toBeCloseTo((1 + 0.25) * 16 - 8);
  expect(face?.box.width).toBeCloseTo(32);
  expect(face?.box.height).toBeCloseTo(16);
});

test("a score is the mean of two, neither more than 1, and low ones are left out", () => {
  const bbox = [0, 0, 0, 0];
  const outputs = outputsWith(
    64,
    { stride: 8, index: 0, cls: 1.7, obj: 0.64, bbox },
    { stride: 8, index: 9, cls: 0.9, obj: 0.2, bbox },
  );

  expect(decode(outputs, 64, 0.6).map(({ score }) => score)).toEqual([expect.closeTo(0.8)]);
});

test("of boxes that overlap, the surest stays", () => {
  const corners = (left: number, score: number): Corners => ({ left, top: 0, right: left + 10, bottom: 10, score });

  const kept = keepBest([corners(0, 0.7), corners(2, 0.9), corners(8, 0.8)], 0.45);

  expect(kept.map(({ score }) => score)).toEqual([0.9, 0.8]);
});

test("the input has blue first, and is black up to the next multiple of 32", () => {
  const { data, width, height } = inputOf({ data: new Uint8ClampedArray([1, 2, 3, 255, 4, 5, 6, 255]), width: 2, height: 1 });

  expect([width, height]).toEqual([32, 32]);
  expect([0, 1, 2].map((plane) => [...data.subarray(1024 * plane, 1024 * plane + 3)])).toEqual([
    [3, 6, 0],
    [2, 5, 0],
    [1, 4, 0],
  ]);
});

test("candidates are those of the service, which a test holds to the same file", () => {
  const outputs = Object.fromEntries(
    Object.entries(known.outputs).map(([name, values]) => [name, Float32Array.from(values)]),
  );

  const found = decode(outputs, known.width, known.min_score);

  expect(found).toHaveLength(known.candidates.length);
  found.forEach(({ left, top, right, bottom, score }, at) => {
    const expected = known.candidates[at];
    [left, top, right, bottom].forEach((corner, side) => expect(corner).toBeCloseTo(expected?.box[side] ?? NaN, 3));
    expect(score).toBeCloseTo(expected?.score ?? NaN, 5);
  });
});
