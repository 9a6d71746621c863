/** Light and edges of a picture. */

import type { Box } from "../answers";
import type { Pixels } from "../detector/yunet";

/** What keeps a whole frame from being sent. */
export type FrameFlaw = "dark" | "blurry" | "empty";

const DARK_BELOW = 35;
const EMPTY_BELOW = 4;
/** Variance of the Laplacian, on frames of `JUDGED_WIDTH` pixels. */
const BLURRY_BELOW = 20;
export const JUDGED_WIDTH = 320;

/** Return what is wrong with a frame of RGBA pixels; null if it may be sent. */
export function flawOf(pixels: Pixels): FrameFlaw | null {
  const light = lightOf(pixels);
  const { mean, variance } = spread(light);
  if (mean < DARK_BELOW) return "dark";
  if (Math.sqrt(variance) < EMPTY_BELOW) return "empty";
  return sharpness(light, pixels.width, pixels.height) < BLURRY_BELOW ? "blurry" : null;
}

/** How bright the pixels of a frame are, 0–255. */
export function brightness(pixels: Pixels): number {
  return spread(lightOf(pixels)).mean;
}

export interface Look {
  /** 0–255. */
  brightness: number;
  /** Variance of the Laplacian, at `FACE_SIDE` pixels a side. */
  sharpness: number;
}

/** Faces are compared at the size of the smallest that are sent. */
const FACE_SIDE = 80;

/** Return how a part of a frame looks, whatever its size. */
export function lookOf(pixels: Pixels, box: Box): Look {
  const light = reduced(pixels, box);
  return { brightness: spread(light).mean, sharpness: sharpness(light, FACE_SIDE, FACE_SIDE) };
}

function lightOf({ data, width, height }: Pixels): Float32Array {
  const light = new Float32Array(width * height);
  for (let at = 0; at < light.length; at += 1) light[at] = lightAt(data, at);
  return light;
}

function lightAt(data: Pixels["data"], at: number): number {
  return 0.299 * (data[4 * at] ?? 0) + 0.587 * (data[4 * at + 1] ?? 0) + 0.114 * (data[4 * at + 2] ?? 0);
}

/** Return the light in a box, at `FACE_SIDE` pixels a side, each the mean of those under it. */
function reduced({ data, width, height }: Pixels, box: Box): Float32Array {
  const across = edges(box.left, box.width, width);
  const down = edges(box.top, box.height, height);
  const light = new Float32Array(FACE_SIDE * FACE_SIDE);
  for (let row = 0; row < FACE_SIDE; row += 1) {
    for (let column = 0; column < FACE_SIDE; column += 1) {
      const [top = 0, bottom = 0] = down[row] ?? [];
      const [left = 0, right = 0] = across[column] ?? [];
      let sum = 0;
      for (let y = top; y < bottom; y += 1) {
        for (let x = left; x < right; x += 1) sum += lightAt(data, y * width + x);
      }
      light[row * FACE_SIDE + column] = sum / ((right - left) * (bottom - top));
    }
  }
  return light;
}

/** Return where the parts of a side begin and end, a pixel each at least, inside the frame. */
function edges(start: number, length: number, end: number): [number, number][] {
  const first = Math.min(Math.max(0, start), end - 1);
  const part = (Math.min(end, start + length) - first) / FACE_SIDE;
  return Array.from({ length: FACE_SIDE }, (_, at) => {
    const from = Math.min(end - 1, Math.floor(first + at * part));
    return [from, Math.max(from + 1, Math.floor(first + (at + 1) * part))];
  });
}

/** Return the variance of the Laplacian. */
function sharpness(light: Float32Array, width: number, height: number): number {
  const found = new Float32Array(Math.max(0, (width - 2) * (height - 2)));
  const of = (at: number) => light[at] ?? 0;
  let next = 0;
  for (let y = 1; y < height - 1; y += 1) {
    for (let x = 1; x < width - 1; x += 1) {
      const at = y * width + x;
      found[next++] = of(at - 1) + of(at + 1) + of(at - width) + of(at + width) - 4 * of(at);
    }
  }
  return spread(found).variance;
}

function spread(values: Float32Array): { mean: number; variance: number } {
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / (values.length || 1);
  return { mean, variance: squares / (values.length || 1) - mean * mean };
}
