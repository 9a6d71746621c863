/** Where the service keeps a person and their faces. */

import { inPath } from "../client";

export interface Named {
  person: string;
  person_id: string;
}

export const personsPath = (collection: string): string => `/collections/${inPath(collection)}/persons`;

/** By name, which the service finds fastest, unless browsers take the name for a step in a path. */
export const personPath = (collection: string, { person, person_id }: Named): string =>
  `${personsPath(collection)}/${/^\.{0,2}$/.test(person) ? person_id : inPath(person)}`;

export const facePath = (collection: string, faceId: string): string =>
  `/collections/${inPath(collection)}/faces/${faceId}`;

export const cropPath = (collection: string, faceId: string): string =>
  `${facePath(collection, faceId)}/image`;
