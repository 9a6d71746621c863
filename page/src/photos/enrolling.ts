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
  face_records: unknown[];
  unindexed_faces: { reason: string }[];
}

/** The way of photos of one person each, who is enrolled by them. */
export const enrolment = (collection: string, name: string): Way<Indexed> => ({
  path: "/faces/index",
  form: (file) => formOf(collection, name, file),
  flawOf: reasonAgainst,
});

interface Enrolment {
  collection: string;
  name: string;
  file: File;
  box: Box;
}

/** Enrol the face in the box, and return what to tell of it. */
export async function enrol(client: Client, wanted: Enrolment): Promise<string> {
  const { left, top, width, height } = wanted.box;
  const form = formOf(wanted.collection, wanted.name, wanted.file);
  form.set("box", [left, top, width, height].join(","));
  try {
    const { body } = await client.ask<{ job_id: string }>("POST", "/faces/index", { form });
    const outcome = await ended(client, body.job_id);
    if (outcome.status === "failed") return texts.photos.notEnrolled(why(outcome.error.code));
    const reason = reasonAgainst(outcome);
    return reason === null ? texts.photos.enrolled(wanted.name) : texts.photos.notEnrolled(why(reason));
  } catch (error) {
    return texts.photos.notEnrolled(why(codeOf(error)));
  }
}

function formOf(collection: string, name: string, file: File): FormData {
  const form = new FormData();
  form.set("image", file, file.name || "photo");
  form.set("collection_id", collection);
  form.set("image_id", `page-${unlike()}`);
  form.set("person", name);
  return form;
}

/** Return why no face was enrolled; null if one was. */
function reasonAgainst({ face_records, unindexed_faces }: Indexed): string | null {
  if (face_records.length > 0) return null;
  const others = ["NOT_IN_BOX", "NOT_THE_LARGEST_FACE"];
  return unindexed_faces.find(({ reason }) => !others.includes(reason))?.reason ?? "NO_FACE";
}

async function ended(client: Client, jobId: string): Promise<Indexed | JobFailed> {
  for (;;) {
    const answer = await client.ask<Indexed | JobFailed | JobPending>("GET", `/status/${jobId}`);
    if (answer.body.status !== "pending") return answer.body;
    await new Promise((resolve) => setTimeout(resolve, (answer.retryAfterS ?? 1) * 1000));
  }
}
