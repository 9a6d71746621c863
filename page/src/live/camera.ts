/** The camera: asked for, drawn from, and let go. */

import { contextOf } from "./judging";
import type { Judge } from "./judging";
import type { Frame } from "./looking";

const LONGEST_SIDE = 640;
const JPEG_QUALITY = 0.8;

export type CameraProblem = "insecure" | "refused" | "none" | "busy";

export class NoCamera extends Error {
  constructor(readonly problem: CameraProblem) {
    super(problem);
  }
}

const PROBLEMS: Record<string, CameraProblem> = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotFoundError: "none",
  OverconstrainedError: "none",
};

export async function openCamera(): Promise<MediaStream> {
  // Browsers have it on pages of this machine and over HTTPS only.
  if (!navigator.mediaDevices?.getUserMedia) throw new NoCamera("insecure");
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 720 } },
    });
  } catch (error) {
    throw new NoCamera(PROBLEMS[(error as DOMException).name] ?? "busy");
  }
}

export const looksOutwards = (stream: MediaStream): boolean =>
  stream.getVideoTracks()[0]?.getSettings().facingMode === "environment";

/** Return a function that takes and judges the newest frame of a video; null while there is none. */
export function frames<F>(video: HTMLVideoElement, judge: Judge<F>): () => Promise<Frame<F> | null> {
  const canvas = document.createElement("canvas");
  return async () => {
    const { videoWidth, videoHeight } = video;
    if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || !videoWidth) return null;
    const scale = Math.min(1, LONGEST_SIDE / Math.max(videoWidth, videoHeight));
    const size = { width: Math.round(videoWidth * scale), height: Math.round(videoHeight * scale) };
    [canvas.width, canvas.height] = [size.width, size.height];
    contextOf(canvas).drawImage(video, 0, 0, size.width, size.height);
    const flaw = await judge(canvas);
    if (flaw !== null) return { size, flaw };
    const jpeg = await new Promise<Blob | null>((resolve) => {
      canvas.toBlob(resolve, "image/jpeg", JPEG_QUALITY);
    });
    return jpeg && { size, flaw: null, jpeg };
  };
}
