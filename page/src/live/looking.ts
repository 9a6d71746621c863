/** Look at the camera's newest frame again and again, with one request under way at most. */

import type { Box, ImageSize } from "../answers";
import { ServiceError } from "../client";
import type { Client } from "../client";
import { Tracks } from "./tracks";
import type { Look, Track } from "./tracks";
import type { Flaw } from "./judging";

export const EVERY_MS = 500;
const PAUSE_S = 2;

export type Frame<F> =
  | { size: ImageSize; flaw: F }
  | { size: ImageSize; flaw: null; jpeg: Blob };

interface Matched {
  faces: {
    searched_face: { box: Box };
    matches: { person: string; similarity: number }[];
  }[];
}

export interface Seen {
  tracks: Track[];
  size: ImageSize | null;
  sent: number;
  skipped: Partial<Record<Flaw, number>>;
  /** Code of what the service answers instead, while it goes on trying. */
  problem: string | null;
}

export interface Surroundings {
  now(): number;
  sleep(ms: number): Promise<void>;
  /** Resolves once somebody can see the page. */
  visible(): Promise<void>;
}

export const BROWSER: Surroundings = {
  now: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  visible: () =>
    new Promise((resolve) => {
      if (!document.hidden) return resolve();
      const look = () => {
        if (document.hidden) return;
        document.removeEventListener("visibilitychange", look);
        resolve();
      };
      document.addEventListener("visibilitychange", look);
    }),
};

interface Looking {
  client: Pick<Client, "ask">;
  collection: string;
  newest: () => Promise<Frame<Flaw> | null>;
  onSeen: (seen: Seen) => void;
  signal: AbortSignal;
  around?: Surroundings;
}

export async function keepLooking(looking: Looking): Promise<void> {
  const { newest, onSeen, signal, around = BROWSER } = looking;
  const tracks = new Tracks();
  let seen: Seen = { tracks: [], size: null, sent: 0, skipped: {}, problem: null };
  while (!signal.aborted) {
    await around.visible();
    const began = around.now();
    let pauseMs = EVERY_MS;
    const frame = await newest();
    if (signal.aborted) return;
    if (frame?.flaw) {
      const skipped = { ...seen.skipped, [frame.flaw]: (seen.skipped[frame.flaw] ?? 0) + 1 };
      seen = { ...seen, skipped, tracks: tracks.follow([]) };
    } else if (frame && frame.flaw === null) {
      try {
        seen = { ...seen, sent: seen.sent + 1 };
        const looks = await lookAt(frame.jpeg, looking);
        seen = { ...seen, size: frame.size, tracks: tracks.follow(looks), problem: null };
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ServiceError)) throw error;
        seen = { ...seen, tracks: [], problem: error.code };
        pauseMs = (error.retryAfterS ?? PAUSE_S) * 1000;
      }
    }
    onSeen(seen);
    await around.sleep(Math.max(0, began + pauseMs - around.now()));
  }
}

async function lookAt(jpeg: Blob, { client, collection, signal }: Looking): Promise<Look[]> {
  const form = new FormData();
  form.set("image", jpeg, "frame.jpg");
  form.set("collection_id", collection);
  form.set("all_faces", "true");
  form.set("max_matches", "1");
  const { body } = await client.ask<Matched>("POST", "/faces/match", { form, signal });
  return body.faces.map(({ searched_face, matches }) => ({
    box: searched_face.box,
    name: matches[0]?.person ?? null,
    similarity: matches[0]?.similarity ?? null,
  }));
}
