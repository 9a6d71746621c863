/** The camera: asked for, drawn from, and let go. */

import { JUDGED_WIDTH, flawOf } from "./sharpness";
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

/** Return a function that takes the newest frame of a video; null while there is none. */
export function frames(video: HTMLVideoElement): () => Promise<Frame | null> {
  const canvas = document.createElement("canvas");
  const judged = document.createElement("canvas");
  return async () => {
    const { videoWidth, videoHeight } = video;
    if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || !videoWidth) return null;
    const scale = Math.min(1, LONGEST_SIDE / Math.max(videoWidth, videoHeight));
    const size = { width: Math.round(videoWidth * scale), height: Math.round(videoHeight * scale) };
    draw(canvas, video, size.width, size.height);
    const height = Math.max(3, Math.round((JUDGED_WIDTH * size.height) / size.width));
    const flaw = flawOf(draw(judged, canvas, JUDGED_WIDTH, height).getImageData(0, 0, JUDGED_WIDTH, height));
    if (flaw) return { size, flaw };
    const jpeg = await new Promise<Blob | null>((resolve) => {
      canvas.toBlob(resolve, "image/jpeg", JPEG_QUALITY);
    });
    return jpeg && { size, flaw: null, jpeg };
  };
}

function draw(
  canvas: HTMLCanvasElement,
  source: CanvasImageSource,
  width: number,
  height: number,
): CanvasRenderingContext2D {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new NoCamera("busy");
  context.drawImage(source, 0, 0, width, height);
  return context;
}
