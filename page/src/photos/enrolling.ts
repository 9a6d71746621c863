/** Say whose face it is: enrol one face of a photo. */

import type { Box, JobFailed, JobPending } from "../answers";
import { codeOf } from "../client";
import type { Client } from "../client";
import { texts, why } from "../texts";

interface Indexed {
  status: "done";
  face_records: unknown[];
  unindexed_faces: { reason: string }[];
}

interface Enrolment {
  collection: string;
  name: string;
  file: File;
  box: Box;
}

/** Enrol the face in the box, and return what to tell of it. */
export async function enrol(client: Client, wanted: Enrolment): Promise<string> {
  const { left, top, width, height } = wanted.box;
  const form = new FormData();
  form.set("image", wanted.file, wanted.file.name || "photo");
  form.set("collection_id", wanted.collection);
  form.set("image_id", `page-${unlike()}`);
  form.set("person", wanted.name);
  form.set("box", [left, top, width, height].join(","));
  try {
    const { body } = await client.ask<{ job_id: string }>("POST", "/faces/index", { form });
    const outcome = await ended(client, body.job_id);
    if (outcome.status === "failed") return texts.photos.notEnrolled(why(outcome.error.code));
    if (outcome.face_records.length > 0) return texts.photos.enrolled(wanted.name);
    const reason = outcome.unindexed_faces.find((face) => face.reason !== "NOT_IN_BOX");
    return texts.photos.notEnrolled(why(reason?.reason ?? "NO_FACE"));
  } catch (error) {
    return texts.photos.notEnrolled(why(codeOf(error)));
  }
}

async function ended(client: Client, jobId: string): Promise<Indexed | JobFailed> {
  for (;;) {
    const answer = await client.ask<Indexed | JobFailed | JobPending>("GET", `/status/${jobId}`);
    if (answer.body.status !== "pending") return answer.body;
    await new Promise((resolve) => setTimeout(resolve, (answer.retryAfterS ?? 1) * 1000));
  }
}

/** Return what no other photo is called; `randomUUID` would need HTTPS. */
function unlike(): string {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join("");
}
