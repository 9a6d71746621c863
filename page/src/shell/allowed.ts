/** What a key allows of the page. */

import type { Scope } from "../answers";
import { VIEWS } from "./place";
import type { View } from "./place";

/** What a view needs; null is any key. */
const NEEDED: Record<View, Scope | null> = {
  photos: "recognise",
  live: "recognise",
  people: "enrol",
  unknown: "enrol",
  batches: "enrol",
  collections: null,
  health: null,
};

export const allows = (scopes: readonly Scope[], scope: Scope): boolean =>
  scopes.includes(scope) || scopes.includes("admin");

export const viewsFor = (scopes: readonly Scope[]): View[] =>
  VIEWS.filter((view) => {
    const needed = NEEDED[view];
    return needed === null || allows(scopes, needed);
  });

/** Tell whether a key may know a collection, by its patterns of ids. */
export const knows = (patterns: readonly string[], collection: string): boolean =>
  patterns.some((pattern) => {
    const parts = pattern.split("*").map((part) => part.replaceAll(".", "\\."));
    return new RegExp(`^${parts.join(".*")}$`).test(collection);
  });
