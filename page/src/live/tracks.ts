/** Faces followed from look to look, each with the votes for its name. */

import type { Box } from "../answers";

export interface Look {
  box: Box;
  name: string | null;
  similarity: number | null;
}

/** `maybe` before enough looks agree on a name, `lost` after too few still do. */
export type State = "unknown" | "maybe" | "confirmed" | "lost";

export interface Track {
  id: number;
  box: Box;
  name: string | null;
  similarity: number | null;
  state: State;
}

export const LOOKS = 10;
export const NEEDED = 5;
const SAME_IOU = 0.3;
/** In how many looks a face may be missing and still be the same one. */
const MAY_MISS = 3;

export class Tracks {
  private followed: Followed[] = [];
  private count = 0;

  /** Take one look at all faces in view, and return what is known of each. */
  follow(looks: readonly Look[]): Track[] {
    const left = new Set(looks);
    const pairs = this.followed
      .flatMap((track) => looks.map((look) => ({ track, look, iou: iou(track.box, look.box) })))
      .filter((pair) => pair.iou >= SAME_IOU)
      .sort((one, other) => other.iou - one.iou);
    const seen = new Set<Followed>();
    for (const { track, look } of pairs) {
      if (seen.has(track) || !left.delete(look)) continue;
      seen.add(track);
      track.see(look);
    }
    for (const track of this.followed) if (!seen.has(track)) track.missed += 1;
    for (const look of left) {
      const track = new Followed(++this.count, look);
      this.followed.push(track);
      seen.add(track);
    }
    this.followed = this.followed.filter(({ missed }) => missed <= MAY_MISS);
    return this.followed.filter((track) => seen.has(track)).map((track) => track.told());
  }
}

class Followed {
  missed = 0;
  box: Box;
  private votes: (string | null)[] = [];
  private name: string | null = null;
  private similarity: number | null = null;
  private wasConfirmed = false;

  constructor(
    private readonly id: number,
    look: Look,
  ) {
    this.box = look.box;
    this.see(look);
  }

  see({ box, name, similarity }: Look): void {
    this.missed = 0;
    this.box = box;
    this.votes = [...this.votes, name].slice(-LOOKS);
    if (name === null) return;
    // A look that says another name is never shown under the earlier one.
    if (name !== this.name) this.wasConfirmed = false;
    this.name = name;
    this.similarity = similarity;
  }

  told(): Track {
    const agreeing = this.votes.filter((vote) => vote !== null && vote === this.name).length;
    const isConfirmed = agreeing >= NEEDED;
    this.wasConfirmed ||= isConfirmed;
    if (agreeing === 0) this.name = null;
    const { id, box, name, similarity } = this;
    if (name === null) return { id, box, name, similarity: null, state: "unknown" };
    const state = isConfirmed ? "confirmed" : this.wasConfirmed ? "lost" : "maybe";
    return { id, box, name, similarity, state };
  }
}

/** Return the intersection over the union of two boxes. */
export function iou(one: Box, other: Box): number {
  const side = (start: "left" | "top", length: "width" | "height") =>
    Math.max(
      0,
      Math.min(one[start] + one[length], other[start] + other[length]) -
        Math.max(one[start], other[start]),
    );
  const both = side("left", "width") * side("top", "height");
  return both / (one.width * one.height + other.width * other.height - both || 1);
}
