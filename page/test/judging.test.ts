import { describe, expect, test } from "vitest";

import { BOUNDS, flawOfFaces, withFallback } from "../src/live/judging";
import type { FoundFace, Pixels } from "../src/detector/yunet";

/** A grey frame with squares of stripes, a few pixels wide or blurred. */
function frameWith(ground: number, ...faces: { left: number; side: number; light: number; contrast: number }[]): Pixels {
  const [width, height] = [400, 200];
  const data = new Uint8ClampedArray(4 * width * height).fill(ground);
  for (const { left, side, light, contrast } of faces) {
    for (let y = 0; y < side; y += 1) {
      for (let x = left; x < left + side; x += 1) {
        data.fill(light + (x % 8 < 4 ? contrast : -contrast), 4 * (y * width + x), 4 * (y * width + x) + 3);
      }
    }
  }
  return { data, width, height };
}

const face = (left: number, side: number): FoundFace => ({ box: { left, top: 0, width: side, height: side }, score: 0.9 });

describe("a frame", () => {
  const sharp = { left: 0, side: 100, light: 120, contrast: 40 };

  test("with a large, sharp and well lit face is sent", () => {
    expect(flawOfFaces(frameWith(128, sharp), [face(0, 100)], BOUNDS)).toBe(null);
  });

  test.each([
    ["small", { ...sharp, side: 79 }],
    ["blurry", { ...sharp, contrast: 1 }],
    ["dark", { ...sharp, light: 20, contrast: 10 }],
    ["bright", { ...sharp, light: 240, contrast: 10 }],
  ])("is not sent if its only face is too %s", (flaw, poor) => {
    expect(flawOfFaces(frameWith(128, poor), [face(0, poor.side)], BOUNDS)).toBe(flaw);
  });

  test("is sent for one good face, however poor the others are", () => {
    const blurred = { left: 150, side: 150, light: 120, contrast: 1 };
    expect(flawOfFaces(frameWith(128, sharp, blurred), [face(0, 100), face(150, 150)], BOUNDS)).toBe(null);
  });

  test("is told by its largest face if none is good", () => {
    const blurred = { left: 150, side: 150, light: 120, contrast: 1 };
    expect(flawOfFaces(frameWith(128, blurred), [face(0, 20), face(150, 150)], BOUNDS)).toBe("blurry");
  });

  test("without a face is dark or bright before it is empty", () => {
    expect([10, 128, 250].map((light) => flawOfFaces(frameWith(light), [], BOUNDS))).toEqual(["dark", "none", "bright"]);
  });

  test("with a face at its edge is judged by what is seen of it", () => {
    expect(flawOfFaces(frameWith(128, sharp), [face(-40, 100)], BOUNDS)).toBe(null);
    expect(flawOfFaces(frameWith(128, sharp), [face(350, 100)], BOUNDS)).toBe("blurry");
  });
});

test("bounds decide what is small, blurry, dark and bright", () => {
  const frame = frameWith(128, { left: 0, side: 50, light: 230, contrast: 1 });
  const none = { smallest: 20, sharpness: 0, darkest: 0, brightest: 255 };

  expect(flawOfFaces(frame, [face(0, 50)], none)).toBe(null);
  expect(flawOfFaces(frame, [face(0, 50)], { ...none, smallest: 60 })).toBe("small");
  expect(flawOfFaces(frame, [face(0, 50)], { ...none, brightest: 225 })).toBe("bright");
  expect(flawOfFaces(frame, [face(0, 50)], { ...none, darkest: 240 })).toBe("dark");
  expect(flawOfFaces(frame, [face(0, 50)], { ...none, sharpness: 300 })).toBe("blurry");
});

test("a detector that fails once is given up for good, and the frame is judged without it", async () => {
  let asked = 0;
  let told = 0;
  const failing = async () => {
    asked += 1;
    throw new Error("unreachable");
  };
  const judge = withFallback<string>(failing, () => "blurry", () => (told += 1));

  const frame = {} as HTMLCanvasElement;
  expect([await judge(frame), await judge(frame)]).toEqual(["blurry", "blurry"]);
  expect([asked, told]).toEqual([1, 1]);
});
