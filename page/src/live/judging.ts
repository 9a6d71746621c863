/** Whether a frame is worth sending. */

import type { FoundFace, Pixels } from "../detector/yunet";
import type { FaceFinder } from "./detector";
import { JUDGED_WIDTH, brightness, flawOf, lookOf } from "./sharpness";
import type { FrameFlaw } from "./sharpness";

/** What keeps a frame from being sent, where faces are found in the page. */
export type Flaw = FrameFlaw | "none" | "small" | "bright";

/** Which faces are worth sending; adjustable in the view. */
export interface Bounds {
  /** In pixels of the frame that is sent. */
  smallest: number;
  sharpness: number;
  darkest: number;
  brightest: number;
}

export const BOUNDS: Bounds = { smallest: 80, sharpness: 30, darkest: 40, brightest: 225 };

export type Judge<F> = (frame: HTMLCanvasElement) => F | null | Promise<F | null>;

/** Return what is wrong with the faces of a frame; null if one of them is worth sending. */
export function flawOfFaces(pixels: Pixels, faces: readonly FoundFace[], bounds: Bounds): Flaw | null {
  const [largest, ...others] = [...faces].sort((one, other) => sideOf(other) - sideOf(one));
  if (!largest) return flawWithoutFace(pixels, bounds);
  const flaw = flawOfFace(pixels, largest, bounds);
  if (flaw === null || others.some((face) => flawOfFace(pixels, face, bounds) === null)) return null;
  return flaw;
}

function flawOfFace(pixels: Pixels, face: FoundFace, bounds: Bounds): Flaw | null {
  if (sideOf(face) < bounds.smallest) return "small";
  const look = lookOf(pixels, face.box);
  if (look.brightness < bounds.darkest) return "dark";
  if (look.brightness > bounds.brightest) return "bright";
  return look.sharpness < bounds.sharpness ? "blurry" : null;
}

/** Without light no face can be found. */
function flawWithoutFace(pixels: Pixels, bounds: Bounds): Flaw {
  const light = brightness(pixels);
  if (light < bounds.darkest) return "dark";
  return light > bounds.brightest ? "bright" : "none";
}

const sideOf = ({ box }: FoundFace) => Math.min(box.width, box.height);

/** Judge frames by the faces that the page finds in them. */
export function byFaces(finder: FaceFinder, bounds: () => Bounds): Judge<Flaw> {
  return async (frame) => {
    const pixels = contextOf(frame).getImageData(0, 0, frame.width, frame.height);
    return flawOfFaces(pixels, await finder.find(pixels), bounds());
  };
}

/** Judge by another judge for good, once the first has failed. */
export function withFallback<F>(first: Judge<F>, other: Judge<F>, onFallback: () => void): Judge<F> {
  let judge = first;
  return async (frame) => {
    try {
      return await judge(frame);
    } catch (error) {
      if (judge === other) throw error;
      judge = other;
      onFallback();
      return other(frame);
    }
  };
}

/** Judge frames without knowing where their faces are. */
export function asAWhole(): Judge<FrameFlaw> {
  const small = document.createElement("canvas");
  return (frame) => {
    small.width = JUDGED_WIDTH;
    small.height = Math.max(3, Math.round((JUDGED_WIDTH * frame.height) / frame.width));
    const context = contextOf(small);
    context.drawImage(frame, 0, 0, small.width, small.height);
    return flawOf(context.getImageData(0, 0, small.width, small.height));
  };
}

/** Return what draws on a canvas whose pixels are read often. */
export function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("there is no canvas");
  return context;
}
