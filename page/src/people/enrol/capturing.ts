/** Take frames of one face in several poses, and see whose face it is so far. */

import type { Box, DetectedFace, ImageSize } from "../../answers";
import { ServiceError } from "../../client";
import type { Client } from "../../client";
import { BROWSER } from "../../live/looking";
import type { Frame, Surroundings } from "../../live/looking";
import type { FrameFlaw } from "../../live/sharpness";
import { FRAMES_OF_POSE, POSES, hintFor } from "./poses";
import type { Hint, Pose, Shot } from "./poses";

const EVERY_MS = 250;
const PAUSE_S = 2;

export interface Taking {
  /** The pose that is asked for; null when all are taken. */
  pose: Pose | null;
  shots: Shot[];
  hint: Hint | FrameFlaw | null;
  /** What the service says of the face in view. */
  face: { box: Box; quality: number; reasons: string[] } | null;
  size: ImageSize | null;
  /** Code of what the service answers instead, while it goes on trying. */
  problem: string | null;
}

export const NOTHING: Taking = {
  pose: "front",
  shots: [],
  hint: null,
  face: null,
  size: null,
  problem: null,
};

interface Wanted {
  client: Pick<Client, "ask">;
  newest: () => Promise<Frame<FrameFlaw> | null>;
  onTaken: (taking: Taking) => void;
  signal: AbortSignal;
  around?: Surroundings;
}

/** Takes ten frames of each pose, one request under way at most. */
export class Capture {
  private taking = NOTHING;

  constructor(private readonly wanted: Wanted) {}

  /** Go on to the next pose with what there is. */
  skip(): void {
    this.tell({ pose: next(this.taking.pose), hint: null });
  }

  async run(): Promise<void> {
    const { signal, newest, around = BROWSER } = this.wanted;
    while (!signal.aborted && this.taking.pose !== null) {
      await around.visible();
      const began = around.now();
      let pauseMs = EVERY_MS;
      const frame = await newest();
      if (signal.aborted) return;
      if (frame?.flaw) this.tell({ hint: frame.flaw, face: null });
      else if (frame && frame.flaw === null) {
        try {
          await this.take(frame);
        } catch (error) {
          if (signal.aborted) return;
          if (!(error instanceof ServiceError)) throw error;
          this.tell({ problem: error.code, face: null });
          pauseMs = (error.retryAfterS ?? PAUSE_S) * 1000;
        }
      }
      await around.sleep(Math.max(0, began + pauseMs - around.now()));
    }
  }

  private async take({ jpeg, size }: { jpeg: Blob; size: ImageSize }): Promise<void> {
    const form = new FormData();
    form.set("image", jpeg, "frame.jpg");
    const { body } = await this.wanted.client.ask<{ faces: DetectedFace[] }>("POST", "/faces/detect", { form });
    const { pose, shots } = this.taking;
    if (this.wanted.signal.aborted || pose === null) return;
    const [first] = body.faces;
    const face = first ? { box: first.box, quality: first.quality, reasons: first.quality_reasons } : null;
    const hint = hintFor(body.faces, pose);
    if (hint !== null || !face) {
      this.tell({ hint, face, size, problem: null });
      return;
    }
    const now = [...shots, { jpeg, pose, quality: face.quality }];
    const isFull = now.filter((shot) => shot.pose === pose).length >= FRAMES_OF_POSE;
    this.tell({ shots: now, pose: isFull ? next(pose) : pose, hint: null, face, size, problem: null });
  }

  private tell(change: Partial<Taking>): void {
    this.taking = { ...this.taking, ...change };
    this.wanted.onTaken(this.taking);
  }
}

const next = (pose: Pose | null): Pose | null =>
  pose === null ? null : (POSES[POSES.indexOf(pose) + 1] ?? null);

export interface Nearer {
  person: string;
  similarity: number;
}

interface Matched {
  faces: { matches: { person: string; similarity: number }[] }[];
}

/** Return who else the face is most like, more than the person whose it shall be; or null. */
export async function nearerTo(
  client: Pick<Client, "ask">,
  collection: string,
  name: string,
  shots: readonly Shot[],
): Promise<Nearer | null> {
  let nearest: Nearer | null = null;
  for (const { jpeg } of shots) {
    const form = new FormData();
    form.set("image", jpeg, "frame.jpg");
    form.set("collection_id", collection);
    form.set("max_matches", "1");
    const { body } = await client.ask<Matched>("POST", "/faces/match", { form });
    const match = body.faces[0]?.matches[0];
    if (!match || match.person === name.normalize("NFC")) continue;
    if (!nearest || match.similarity > nearest.similarity) nearest = match;
  }
  return nearest;
}
