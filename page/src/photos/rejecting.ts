/** Say whose face it is not: the face is kept without a name, and never given that one again. */

import { codeOf } from "../client";
import type { Client } from "../client";
import { facePath } from "../people/person_paths";
import { texts, why } from "../texts";
import { keptFace } from "./enrolling";
import type { FaceOnPhoto } from "./enrolling";

/** Distance below which two faces are of one photo. */
const SAME_PHOTO = 0.02;

interface Near {
  matches: { face_id: string; person: string | null; distance: number }[];
}

/** Take the name from the face in the box, and return what to tell of it. */
export async function reject(client: Pick<Client, "ask">, wanted: FaceOnPhoto, name: string): Promise<string> {
  try {
    const kept = await keptFace(client, wanted, null);
    if ("reason" in kept) return texts.photos.notRejected(why(kept.reason));
    const path = facePath(wanted.collection, kept.face_id);
    // Of two faces of one photo, neither is nearer: so the one that has the name loses it.
    const near = { by: "face", threshold: 0, max_matches: 10 };
    const { body } = await client.ask<Near>("POST", `${path}/search`, { json: near });
    const same = body.matches.filter(({ person, distance }) => person === name && distance < SAME_PHOTO);
    const paths = [path, ...same.map(({ face_id }) => facePath(wanted.collection, face_id))];
    await Promise.all(paths.map((each) => client.ask("POST", `${each}/reject`, { json: { person: name } })));
    return texts.photos.rejected(name);
  } catch (error) {
    return texts.photos.notRejected(why(codeOf(error)));
  }
}
