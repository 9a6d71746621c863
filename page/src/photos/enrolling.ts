/** Say whose face it is: enrol one face of a photo. */

import type { Box, JobFailed, JobPending } from "../answers";
import { codeOf } from "../client";
import type { Client } from "../client";
import { texts, why } from "../texts";
import { unlike } from "../unlike";
import type { Way } from "./uploads";

export interface Indexed {
  job_id: string;
  status: "done";
  face_records: { face_id: string }[];
  unindexed_faces: { reason: string }[];
}

/** The way of photos of one person each, who is enrolled by them. */
export const enrolment = (collection: string, name: string): Way<Indexed> => ({
  path: "/faces/index",
  form: (file) => formOf(collection, name, file),
  flawOf: reasonAgainst,
});

/** A face of a photo that is here. */
export interface FaceOnPhoto {
  collection: string;
  file: File;
  box: Box;
}

/** Enrol the face in the box, and return what to tell of it. */
export async function enrol(client: Pick<Client, "ask">, wanted: FaceOnPhoto, name: string): Promise<string> {
  try {
    const kept = await keptFace(client, wanted, name);
    return "reason" in kept ? texts.photos.notEnrolled(why(kept.reason)) : texts.photos.enrolled(name);
  } catch (error) {
    return texts.photos.notEnrolled(why(codeOf(error)));
  }
}

/** Have the service keep the face in the box, under a name or without one; or return why it did not. */
export async function keptFace(
  client: Pick<Client, "ask">,
  { collection, file, box }: FaceOnPhoto,
  name: string | null,
): Promise<{ face_id: string } | { reason: string }> {
  const form = formOf(collection, name, file);
  form.set("box", [box.left, box.top, box.width, box.height].join(","));
  const { body } = await client.ask<{ job_id: string }>("POST", "/faces/index", { form });
  const outcome = await ended(client, body.job_id);
  if (outcome.status === "failed") return { reason: outcome.error.code };
  const [record] = outcome.face_records;
  return record ?? { reason: reasonAgainst(outcome) ?? "NO_FACE" };
}

function formOf(collection: string, name: string | null, file: File): FormData {
  const form = new FormData();
  form.set("image", file, file.name || "photo");
  form.set("collection_id", collection);
  form.set("image_id", `page-${unlike()}`);
  if (name !== null) form.set("person", name);
  return form;
}

/** Return why no face was enrolled; null if one was. */
function reasonAgainst({ face_records, unindexed_faces }: Indexed): string | null {
  if (face_records.length > 0) return null;
  const others = ["NOT_IN_BOX", "NOT_THE_LARGEST_FACE"];
  return unindexed_faces.find(({ reason }) => !others.includes(reason))?.reason ?? "NO_FACE";
}

async function ended(client: Pick<Client, "ask">, jobId: string): Promise<Indexed | JobFailed> {
  for (;;) {
    const answer = await client.ask<Indexed | JobFailed | JobPending>("GET", `/status/${jobId}`);
    if (answer.body.status !== "pending") return answer.body;
    await new Promise((resolve) => setTimeout(resolve, (answer.retryAfterS ?? 1) * 1000));
  }
}
