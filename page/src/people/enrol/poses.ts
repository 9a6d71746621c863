/** Which way a face looks, and which frames of it are worth keeping. */

import type { DetectedFace } from "../../answers";

export const POSES = ["front", "left", "right"] as const;
export type Pose = (typeof POSES)[number];

export const FRAMES = 30;
export const KEPT = 5;
export const FRAMES_OF_POSE = FRAMES / POSES.length;

/** Pixels; smaller faces are too far away. */
const LEAST_SIDE = 80;
/** The service enrols nothing poorer. */
export const LEAST_QUALITY = 50;
/** In eye distances, of the nose from the middle between the eyes. */
const FRONT_WITHIN = 0.16;
const TURNED_FROM = 0.22;

/** What keeps a frame from being taken. */
export type Hint = "none" | "several" | "far" | "poor" | Pose;

export interface Shot {
  jpeg: Blob;
  pose: Pose;
  quality: number;
}

/** Return what is wrong with the faces of a frame for a pose; null if it can be taken. */
export function hintFor(faces: readonly DetectedFace[], pose: Pose): Hint | null {
  const [face, other] = faces;
  if (!face) return "none";
  if (other) return "several";
  if (Math.min(face.box.width, face.box.height) < LEAST_SIDE) return "far";
  if (poseOf(face.landmarks) !== pose) return pose;
  return face.quality < LEAST_QUALITY ? "poor" : null;
}

/** Return where a face looks, as the person says it; null if it is in between. */
export function poseOf(landmarks: DetectedFace["landmarks"]): Pose | null {
  const { right_eye: right, left_eye: left, nose } = landmarks;
  if (!right || !left || !nose) return null;
  const [acrossX, acrossY] = [left[0] - right[0], left[1] - right[1]];
  const squared = acrossX ** 2 + acrossY ** 2;
  const [fromX, fromY] = [nose[0] - (left[0] + right[0]) / 2, nose[1] - (left[1] + right[1]) / 2];
  const turned = (fromX * acrossX + fromY * acrossY) / (squared || 1);
  if (Math.abs(turned) <= FRONT_WITHIN) return "front";
  if (Math.abs(turned) < TURNED_FROM) return null;
  return turned > 0 ? "left" : "right";
}

/** Return the best frames: the best of each pose, then the best of the rest, best first. */
export function best(shots: readonly Shot[]): Shot[] {
  const sorted = [...shots].sort((one, other) => other.quality - one.quality);
  const firsts = POSES.map((pose) => sorted.find((shot) => shot.pose === pose));
  const rest = sorted.filter((shot) => !firsts.includes(shot));
  return [...firsts.filter((shot) => shot !== undefined), ...rest]
    .slice(0, KEPT)
    .sort((one, other) => other.quality - one.quality);
}
