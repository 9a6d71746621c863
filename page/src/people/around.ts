/** What the parts of the view share. */

import type { Scope } from "../answers";
import type { Client } from "../client";
import type { Crops } from "./crops";
import type { Named } from "./person_paths";

/** Stands in the address for somebody who is not enrolled yet; no id looks like it. */
export const NEW = "new";

/** What all parts of the view use. */
export interface Around {
  client: Client;
  collection: string;
  crops: Crops;
  may: (scope: Scope) => boolean;
  addressOf: (personId?: string) => string;
}

/** What one part tells the others. */
export interface Changes {
  /** Say it where somebody is shown, or, with null, above all people. */
  say: (words: string, place: string | null) => void;
  renamed: (now: Named) => void;
  changed: () => void;
  gone: (personId: string) => void;
}
