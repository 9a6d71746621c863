import { describe, expect, test } from "vitest";

import { AWAY, ServiceError } from "../src/client";
import type { Answer, Sent } from "../src/client";
import type { Job } from "../src/answers";
import { UNDER_WAY, Uploads, failuresByCode, recognition } from "../src/photos/uploads";
import type { Clock } from "../src/photos/uploads";
import type { Memory, Remembered } from "../src/photos/memory";

const DONE: Job = {
  job_id: "1",
  status: "done",
  result: "Ada",
  faces: [],
  image: { width: 1, height: 1 },
};

class ManualClock implements Clock {
  ms = 0;
  now = () => this.ms;
  sleep = async (ms: number) => {
    this.ms += ms;
  };
}

class KeptInMemory implements Memory {
  photos: Remembered[] = [];
  load = () => this.photos;
  save = (photos: Remembered[]) => {
    this.photos = photos;
  };
  close = () => undefined;
}

const answer = (status: number, body: Job, retryAfterS: number | null = null): Answer<Job> => ({
  status,
  body,
  headers: new Headers(),
  retryAfterS,
});

function service(respond: (path: string, call: number) => Answer<Job> | Promise<Answer<Job>>) {
  const asked: string[] = [];
  const ask = async (_: string, path: string, __: Sent = {}) => {
    asked.push(path);
    return (await respond(path, asked.length)) as Answer<never>;
  };
  return { asked, ask };
}

const photos = (count: number) =>
  Array.from({ length: count }, (_, at) => new File(["x"], `${at}.jpg`));

const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

describe("uploads", () => {
  test("all photos are sent once, four at a time", async () => {
    let underWay = 0;
    let most = 0;
    const { ask, asked } = service(async () => {
      most = Math.max(most, ++underWay);
      await Promise.resolve();
      underWay -= 1;
      return answer(200, DONE);
    });
    const uploads = new Uploads({ ask }, recognition("staff"), () => undefined, new KeptInMemory(), new ManualClock());

    uploads.add(photos(50));
    uploads.add(photos(50));
    await settled();

    expect(most).toBe(UNDER_WAY);
    expect(asked).toHaveLength(100);
    expect(uploads.ended).toBe(100);
  });

  test("a pending job is asked for after the pause that the service wants", async () => {
    const clock = new ManualClock();
    const pending: Job = { job_id: "7", status: "pending" };
    const { ask, asked } = service((path) =>
      path === "/" ? answer(202, pending, 3) : answer(200, DONE),
    );
    const uploads = new Uploads({ ask }, recognition("staff"), () => undefined, new KeptInMemory(), clock);

    uploads.add(photos(1));
    await settled();

    expect(asked).toEqual(["/", "/status/7"]);
    expect(clock.ms).toBe(3000);
  });

  test("a service that is busy or away is asked again after its pause", async () => {
    const clock = new ManualClock();
    const { ask, asked } = service((_, call) => {
      if (call === 1) throw new ServiceError("TOO_BUSY", "", true, 9);
      if (call === 2) throw new ServiceError(AWAY, "", true, null);
      return answer(200, DONE);
    });
    const uploads = new Uploads({ ask }, recognition("staff"), () => undefined, new KeptInMemory(), clock);

    uploads.add(photos(1));
    await settled();

    expect(asked).toHaveLength(3);
    expect(clock.ms).toBeGreaterThanOrEqual(9000);
    expect(uploads.all[0]?.state).toBe("done");
    expect(uploads.isHeld).toBe(false);
  });

  test("a job that ended without what was wanted counts as failed, with its reason", async () => {
    const { ask } = service(() => answer(200, DONE));
    const flawOf = () => "LOW_QUALITY";
    const uploads = new Uploads({ ask }, { ...recognition("staff"), flawOf }, () => undefined, new KeptInMemory(), new ManualClock());

    uploads.add(photos(1));
    await settled();

    expect(failuresByCode(uploads.all)).toEqual([["LOW_QUALITY", 1]]);
  });

  test("what failed for one reason is sent again, and the rest is not", async () => {
    let isMended = false;
    const { ask, asked } = service((_, call) => {
      if (isMended) return answer(200, DONE);
      throw new ServiceError(call === 1 ? "EMPTY_FILE" : "INVALID_IMAGE", "", false, null);
    });
    const uploads = new Uploads({ ask }, recognition("staff"), () => undefined, new KeptInMemory(), new ManualClock());
    uploads.add(photos(3));
    await settled();
    expect(failuresByCode(uploads.all)).toEqual([
      ["INVALID_IMAGE", 2],
      ["EMPTY_FILE", 1],
    ]);

    isMended = true;
    uploads.retry("INVALID_IMAGE");
    await settled();

    expect(asked).toHaveLength(5);
    expect(failuresByCode(uploads.all)).toEqual([["EMPTY_FILE", 1]]);
  });

  test("after a reload, what was sent is only asked for, and the rest is sent once", async () => {
    const memory = new KeptInMemory();
    const before = service((path, call) => {
      if (path.startsWith("/status") || call > 2) return new Promise(() => undefined);
      return call === 1 ? answer(200, DONE) : answer(202, { job_id: "2", status: "pending" });
    });
    const files = photos(10);
    const left = new Uploads(before, recognition("staff"), () => undefined, memory, new ManualClock());
    left.add(files);
    await settled();
    left.stop();
    const after = service(() => answer(200, DONE));
    const uploads = new Uploads(after, recognition("staff"), () => undefined, memory, new ManualClock());

    uploads.start();
    await settled();
    expect(after.asked.sort()).toEqual(["/status/1", "/status/2"]);
    expect(uploads.lost).toBe(8);

    uploads.add(files);
    await settled();
    expect(after.asked.filter((path) => path === "/")).toHaveLength(8);
    expect(uploads.all).toHaveLength(10);
    expect(uploads.ended).toBe(10);
  });

  test("a photo whose answer was lost is sent again under its key", async () => {
    const memory = new KeptInMemory();
    const keys: unknown[] = [];
    const ask = async (_: string, path: string, sent: Sent = {}) => {
      if (path === "/") keys.push(sent.headers?.["Idempotency-Key"]);
      if (keys.length === 1) return new Promise<never>(() => undefined);
      return answer(200, DONE) as Answer<never>;
    };
    const files = photos(1);
    new Uploads({ ask }, recognition("staff"), () => undefined, memory, new ManualClock()).add(files);
    await settled();

    new Uploads({ ask }, recognition("staff"), () => undefined, memory, new ManualClock()).add(files);
    await settled();

    expect(keys).toHaveLength(2);
    expect(keys[1]).toBe(keys[0]);
  });

  test("nothing more is sent once nobody looks", async () => {
    const { ask, asked } = service(async () => {
      await Promise.resolve();
      return answer(200, DONE);
    });
    const uploads = new Uploads({ ask }, recognition("staff"), () => undefined, new KeptInMemory(), new ManualClock());

    uploads.add(photos(20));
    uploads.stop();
    await settled();

    expect(asked).toHaveLength(UNDER_WAY);
  });
});
