/** What the page and its detector say to each other. */

import type { FoundFace, Pixels } from "./yunet";

export interface Asked {
  pixels: Pixels;
}

export type Answer =
  | { state: "ready" }
  /** The service has no weights for it. */
  | { state: "missing" }
  /** It can't be loaded or run here. */
  | { state: "failed" }
  | { state: "found"; faces: FoundFace[] };
