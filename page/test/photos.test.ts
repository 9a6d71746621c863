import { expect, test } from "vitest";

import { ServiceError } from "../src/client";
import type { Sent } from "../src/client";
import { enrol } from "../src/photos/enrolling";
import { PersonLinks } from "../src/photos/person_links";
import { reject } from "../src/photos/rejecting";
import { texts } from "../src/texts";

const ON_PHOTO = {
  collection: "staff",
  file: new File(["x"], "a.jpg"),
  box: { left: 1, top: 2, width: 3, height: 4 },
};

/** A service that answers by path, and what it was asked. */
function service(answers: Record<string, unknown>) {
  const asked: string[] = [];
  const sent: Record<string, Sent> = {};
  const ask = async (method: string, path: string, body: Sent = {}) => {
    asked.push(`${method} ${path}`);
    sent[path] = body;
    const found = Object.entries(answers).find(([known]) => path.startsWith(known));
    if (!found) throw new ServiceError("FACE_NOT_FOUND", "", false, null);
    return { status: 200, body: found[1], headers: new Headers(), retryAfterS: null } as never;
  };
  return { asked, sent, ask };
}

const done = (...ids: string[]) => ({
  job_id: "1",
  status: "done",
  face_records: ids.map((face_id) => ({ face_id })),
  unindexed_faces: ids.length > 0 ? [] : [{ reason: "NOT_IN_BOX" }, { reason: "LOW_QUALITY" }],
});

const FACES = "/collections/staff/faces";

test("a face that is not hers is kept without a name, and rejected", async () => {
  const { ask, asked, sent } = service({
    "/faces/index": { job_id: "1" },
    "/status/1": done("new"),
    [`${FACES}/new/search`]: { matches: [{ face_id: "far", person: "Ada", distance: 0.4 }] },
    [`${FACES}/new/reject`]: {},
  });

  expect(await reject({ ask }, ON_PHOTO, "Ada")).toBe(texts.photos.rejected("Ada"));

  expect(sent["/faces/index"]?.form?.get("box")).toBe("1,2,3,4");
  expect(sent["/faces/index"]?.form?.has("person")).toBe(false);
  expect(sent[`${FACES}/new/reject`]?.json).toEqual({ person: "Ada" });
  expect(asked.filter((each) => each.endsWith("/reject"))).toEqual([`POST ${FACES}/new/reject`]);
});

test("where the photo itself is enrolled, its face loses the name too", async () => {
  const { ask, asked } = service({
    "/faces/index": { job_id: "1" },
    "/status/1": done("new"),
    [`${FACES}/new/search`]: {
      matches: [
        { face_id: "same", person: "Ada", distance: 0.001 },
        { face_id: "other", person: "Bob", distance: 0.002 },
      ],
    },
    [FACES]: {},
  });

  await reject({ ask }, ON_PHOTO, "Ada");

  expect(asked.filter((each) => each.endsWith("/reject"))).toEqual([
    `POST ${FACES}/new/reject`,
    `POST ${FACES}/same/reject`,
  ]);
});

test("a face that is not kept is not rejected, and the reason is told", async () => {
  const { ask, asked } = service({ "/faces/index": { job_id: "1" }, "/status/1": done() });

  const told = await reject({ ask }, ON_PHOTO, "Ada");

  expect(told).toBe(texts.photos.notRejected(texts.errors.LOW_QUALITY ?? ""));
  expect(asked.join()).not.toContain("reject");
});

test("enrolling tells the name under which it is done", async () => {
  const { ask, sent } = service({ "/faces/index": { job_id: "1" }, "/status/1": done("new") });

  expect(await enrol({ ask }, ON_PHOTO, "Ada")).toBe(texts.photos.enrolled("Ada"));
  expect(sent["/faces/index"]?.form?.get("person")).toBe("Ada");
});

test("people on photos are looked up once each, and shown by their ids", async () => {
  const persons = [{ person: "Ada", person_id: "17" }];
  const { ask, asked } = service({ "/collections/staff/persons": { persons, next_token: null } });
  const links = new PersonLinks({ ask }, "staff");

  const found = await Promise.all([links.of("Ada"), links.of("Ada"), links.of("Bob")]);

  expect(found).toEqual(["#/people?collection=staff&person=17", "#/people?collection=staff&person=17", null]);
  expect(asked).toHaveLength(2);
});

test("people who could not be looked up are looked up again", async () => {
  const answers: Record<string, unknown> = {};
  const { ask } = service(answers);
  const links = new PersonLinks({ ask }, "staff");

  expect(await links.of("Ada")).toBe(null);
  answers["/collections/staff/persons"] = { persons: [{ person: "Ada", person_id: "17" }], next_token: null };
  expect(await links.of("Ada")).toContain("person=17");
});
