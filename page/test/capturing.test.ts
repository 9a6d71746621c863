import { expect, test } from "vitest";

import type { DetectedFace } from "../src/answers";
import { ServiceError } from "../src/client";
import type { Frame, Surroundings } from "../src/live/looking";
import type { FrameFlaw } from "../src/live/sharpness";
import { Capture, nearerTo } from "../src/people/enrol/capturing";
import type { Taking } from "../src/people/enrol/capturing";
import { FRAMES_OF_POSE, KEPT, best, hintFor, poseOf } from "../src/people/enrol/poses";
import type { Pose, Shot } from "../src/people/enrol/poses";

/** A face whose nose is so far, in eye distances, from the middle between the eyes. */
const face = (nose: number, { side = 120, quality = 90 } = {}): DetectedFace => ({
  box: { left: 0, top: 0, width: side, height: side },
  landmarks: { right_eye: [100, 100], left_eye: [200, 100], nose: [150 + 100 * nose, 160] },
  quality,
  quality_reasons: [],
});

const shot = (pose: Pose, quality: number): Shot => ({ pose, quality, jpeg: new Blob() });

test("a pose is told as the person says it: their left is right in the picture", () => {
  expect([0, 0.1, 0.3, -0.3].map((nose) => poseOf(face(nose).landmarks))).toEqual([
    "front",
    "front",
    "left",
    "right",
  ]);
  expect(poseOf(face(0.19).landmarks)).toBe(null);
});

test("a pose is the same when the head leans", () => {
  const upright = face(0.3).landmarks;
  const leaning = Object.fromEntries(
    Object.entries(upright).map(([name, [x, y]]) => [name, [-y, x] as [number, number]]),
  );

  expect(poseOf(leaning)).toBe("left");
});

test("a frame is taken of one face that is near, turned as asked, and good", () => {
  expect(hintFor([face(0)], "front")).toBe(null);
  expect(hintFor([], "front")).toBe("none");
  expect(hintFor([face(0), face(0)], "front")).toBe("several");
  expect(hintFor([face(0, { side: 79 })], "front")).toBe("far");
  expect(hintFor([face(0)], "left")).toBe("left");
  expect(hintFor([face(0, { quality: 49 })], "front")).toBe("poor");
});

test("the best five are kept, and of each pose the best, however poor the pose", () => {
  const shots = [
    ...[99, 98, 97, 96, 95, 94].map((quality) => shot("front", quality)),
    shot("left", 60),
    shot("left", 61),
    shot("right", 52),
  ];

  expect(best(shots).map(({ pose, quality }) => [pose, quality])).toEqual([
    ["front", 99],
    ["front", 98],
    ["front", 97],
    ["left", 61],
    ["right", 52],
  ]);
  expect(best(shots)).toHaveLength(KEPT);
  expect(best([])).toEqual([]);
});

interface Told {
  answer: (call: number, asked: Pose | null) => DetectedFace[];
  looks: number;
  onLook?: (capture: Capture, look: number) => void;
}

/** Take frames in time that passes by sleeping only. */
async function taken({ answer, looks, onLook }: Told) {
  const stop = new AbortController();
  const slept: number[] = [];
  let ms = 0;
  let calls = 0;
  let last: Taking | null = null;
  const around: Surroundings = {
    now: () => ms,
    sleep: async (pause) => {
      slept.push(pause);
      ms += pause;
    },
    visible: async () => undefined,
  };
  const frame: Frame<FrameFlaw> = { size: { width: 640, height: 480 }, flaw: null, jpeg: new Blob(["x"]) };
  const capture: Capture = new Capture({
    client: {
      ask: async () => {
        const faces = answer(++calls, last?.pose ?? "front");
        return { status: 200, body: { faces }, headers: new Headers(), retryAfterS: null } as never;
      },
    },
    newest: async () => {
      if (calls >= looks) stop.abort();
      onLook?.(capture, calls);
      return frame;
    },
    onTaken: (taking) => {
      last = taking;
    },
    signal: stop.signal,
    around,
  });
  await capture.run();
  return { taking: last as Taking | null, slept, calls };
}

const NOSE = { front: 0, left: 0.3, right: -0.3 };

test("thirty frames are taken, ten of each pose, and then no more", async () => {
  const { taking, calls } = await taken({
    looks: 100,
    answer: (_, asked) => [face(NOSE[asked ?? "front"])],
  });

  expect(taking?.pose).toBe(null);
  expect(taking?.shots.map(({ pose }) => pose)).toEqual(
    (["front", "left", "right"] as const).flatMap((pose) => Array(FRAMES_OF_POSE).fill(pose)),
  );
  expect(calls).toBe(30);
});

test("a pose that somebody can't take is left out", async () => {
  const { taking } = await taken({
    looks: 40,
    answer: () => [face(0)],
    onLook: (capture, look) => {
      if (look === 15 || look === 20) capture.skip();
    },
  });

  expect(taking?.pose).toBe(null);
  expect(taking?.shots).toHaveLength(FRAMES_OF_POSE);
});

test("the pause that the service wants is kept, and the frames of before too", async () => {
  const { taking, slept } = await taken({
    looks: 3,
    answer: (call) => {
      if (call === 2) throw new ServiceError("TOO_BUSY", "", true, 7);
      return [face(0)];
    },
  });

  expect(slept).toContain(7000);
  expect(taking).toMatchObject({ problem: null, shots: { length: 2 } });
});

test("somebody else who is nearer is told, and the person themselves is not", async () => {
  const matching = (...people: [string, number][]) => {
    let call = 0;
    const ask = async () => {
      const [person, similarity] = people[call++] ?? ["", 0];
      const body = { faces: [{ matches: person ? [{ person, similarity }] : [] }] };
      return { status: 200, body, headers: new Headers(), retryAfterS: null } as never;
    };
    return nearerTo({ ask }, "staff", "Zoe\u0308", people.map(() => shot("front", 90)));
  };

  expect(await matching(["Zoë", 95], ["", 0])).toBe(null);
  expect(await matching(["Bob", 80], ["Zoë", 99], ["Cid", 91])).toEqual({
    person: "Cid",
    similarity: 91,
  });
});
