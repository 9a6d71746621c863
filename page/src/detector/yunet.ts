/** YuNet's input and outputs, read as the service reads them. */

import type { Box } from "../answers";

const STRIDES = [8, 16, 32] as const;
/** Width and height that the network accepts are multiples of this. */
export const MULTIPLE = 32;
const MAX_IOU = 0.45;

export interface FoundFace {
  box: Box;
  /** 0–1. */
  score: number;
}

export interface Corners {
  left: number;
  top: number;
  right: number;
  bottom: number;
  score: number;
}

export type Pixels = Pick<ImageData, "data" | "width" | "height">;

/** For each stride s: `cls_s` and `obj_s` with one number for each cell, row by row, `bbox_s` with four. */
export type Outputs = Readonly<Record<string, Float32Array>>;

export interface Input {
  data: Float32Array;
  width: number;
  height: number;
}

const padded = (side: number) => Math.ceil(side / MULTIPLE) * MULTIPLE;

/** Return planes of blue, green and red, black up to the next multiple. */
export function inputOf({ data, width, height }: Pixels): Input {
  const [across, down] = [padded(width), padded(height)];
  const planes = new Float32Array(3 * across * down);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const from = 4 * (y * width + x);
      const to = y * across + x;
      for (let plane = 0; plane < 3; plane += 1) {
        planes[plane * across * down + to] = data[from + 2 - plane] ?? 0;
      }
    }
  }
  return { data: planes, width: across, height: down };
}

/** Return the faces in pixels of the input, surest first. */
export function facesOf(outputs: Outputs, width: number, minScore: number): FoundFace[] {
  return keepBest(decode(outputs, width, minScore), MAX_IOU).map(({ left, top, right, bottom, score }) => ({
    box: { left, top, width: right - left, height: bottom - top },
    score,
  }));
}

/** Turn the network's outputs into candidates, several for each face. */
export function decode(outputs: Outputs, width: number, minScore: number): Corners[] {
  return STRIDES.flatMap((stride) => decodeStride(outputs, stride, width / stride, minScore));
}

function decodeStride(outputs: Outputs, stride: number, columns: number, minScore: number): Corners[] {
  const classes = outputOf(outputs, `cls_${stride}`);
  const objects = outputOf(outputs, `obj_${stride}`);
  const shapes = outputOf(outputs, `bbox_${stride}`);
  const found: Corners[] = [];
  for (let cell = 0; cell < classes.length; cell += 1) {
    const score = Math.sqrt(Math.min(classes[cell] ?? 0, 1) * Math.min(objects[cell] ?? 0, 1));
    if (!(score >= minScore)) continue;
    const [right = 0, down = 0, width = 0, height = 0] = shapes.subarray(4 * cell, 4 * cell + 4);
    const middleX = ((cell % columns) + right) * stride;
    const middleY = (Math.floor(cell / columns) + down) * stride;
    const halfWidth = (Math.exp(width) * stride) / 2;
    const halfHeight = (Math.exp(height) * stride) / 2;
    found.push({
      left: middleX - halfWidth,
      top: middleY - halfHeight,
      right: middleX + halfWidth,
      bottom: middleY + halfHeight,
      score,
    });
  }
  return found;
}

function outputOf(outputs: Outputs, name: string): Float32Array {
  const output = outputs[name];
  if (!output) throw new Error(`not YuNet: there is no output ${name}`);
  return output;
}

/** Return the candidates that no better one overlaps by more than so much, best first. */
export function keepBest(candidates: readonly Corners[], maxIou: number): Corners[] {
  const kept: Corners[] = [];
  for (const candidate of [...candidates].sort((one, other) => other.score - one.score)) {
    if (kept.every((better) => iou(better, candidate) <= maxIou)) kept.push(candidate);
  }
  return kept;
}

function iou(one: Corners, other: Corners): number {
  const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
  const down = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
  const both = Math.max(across, 0) * Math.max(down, 0);
  const total = areaOf(one) + areaOf(other) - both;
  return total > 0 ? both / total : 0;
}

const areaOf = ({ left, top, right, bottom }: Corners) => (right - left) * (bottom - top);
