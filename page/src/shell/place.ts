/** Which view and which collection is shown: in the address, so that it can be kept. */

export const VIEWS = ["photos", "live"] as const;
export type View = (typeof VIEWS)[number];

export interface Place {
  view: View;
  collection: string;
}

export function placeOf(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const view = VIEWS.find((each) => each === path) ?? "photos";
  return { view, collection: new URLSearchParams(query).get("collection") || "default" };
}

export function hashOf({ view, collection }: Place): string {
  const query = collection === "default" ? "" : `?${new URLSearchParams({ collection })}`;
  return `#/${view}${query}`;
}
