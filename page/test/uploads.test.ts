import { describe, expect, test } from "vitest";

import { AWAY, ServiceError } from "../src/client";
import type { Answer, Sent } from "../src/client";
import type { Job } from "../src/answers";
import { UNDER_WAY, Uploads, failuresByCode, recognition } from "../src/photos/uploads";
import type { Clock } from "../src/photos/uploads";

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
    const uploads = new Uploads({ ask }, recognition("staff"), () => undefined, new ManualClock());

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
    const uploads = new Uploads({ ask }, recognition("staff"), () => undefined, clock);

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
    const uploads = new Uploads({ ask }, recognition("staff"), () => undefined, clock);

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
    const uploads = new Uploads({ ask }, { ...recognition("staff"), flawOf }, () => undefined, new ManualClock());

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
    const uploads = new Uploads({ ask }, recognition("staff"), () => undefined, new ManualClock());
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

  test("nothing more is sent once nobody looks", async () => {
    const { ask, asked } = service(async () => {
      await Promise.resolve();
      return answer(200, DONE);
    });
    const uploads = new Uploads({ ask }, recognition("staff"), () => undefined, new ManualClock());

    uploads.add(photos(20));
    uploads.stop();
    await settled();

    expect(asked).toHaveLength(UNDER_WAY);
  });
});
