/** Which view and which collection is shown: in the address, so that it can be kept. */

export const VIEWS = ["photos", "live", "people", "unknown", "batches", "collections", "health"] as const;
export type View = (typeof VIEWS)[number];

/** The collection of an address that names none. */
export const DEFAULT = "default";

export interface Place {
  view: View;
  collection: string;
  /** Id of the person who is shown. */
  person?: string;
}

export function placeOf(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const view = VIEWS.find((each) => each === path) ?? "photos";
  const asked = new URLSearchParams(query);
  const person = asked.get("person");
  const collection = asked.get("collection") || DEFAULT;
  return { view, collection, ...(person ? { person } : {}) };
}

export function hashOf({ view, collection, person }: Place): string {
  const query = new URLSearchParams();
  if (collection !== DEFAULT) query.set("collection", collection);
  if (person) query.set("person", person);
  return `#/${view}${query.size > 0 ? `?${query}` : ""}`;
}
