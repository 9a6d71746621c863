import { expect, test } from "vitest";

import { ServiceError } from "../src/client";
import { EVERY_MS, keepLooking } from "../src/live/looking";
import type { Frame, Seen, Surroundings } from "../src/live/looking";
import type { Flaw } from "../src/live/judging";
import { flawOf } from "../src/live/sharpness";

const SHARP: Frame<Flaw> = { size: { width: 640, height: 480 }, flaw: null, jpeg: new Blob(["x"]) };

interface Told {
  frames?: Frame<Flaw>[];
  answer?: (call: number) => Promise<unknown>;
  requests?: number;
  onVisible?: () => Promise<void>;
}

/** Look until there were so many frames or requests, in time that passes by sleeping only. */
async function looked({ frames = [], answer, requests = 5, onVisible }: Told) {
  const stop = new AbortController();
  const askedAtMs: number[] = [];
  const seen: Seen[] = [];
  let ms = 0;
  let underWay = 0;
  let most = 0;
  const around: Surroundings = {
    now: () => ms,
    sleep: async (pause) => {
      ms += pause;
    },
    visible: onVisible ?? (async () => undefined),
  };
  const ask = async () => {
    askedAtMs.push(ms);
    most = Math.max(most, ++underWay);
    try {
      const faces = (await answer?.(askedAtMs.length)) ?? [];
      return { status: 200, body: { faces }, headers: new Headers(), retryAfterS: null } as never;
    } finally {
      underWay -= 1;
    }
  };
  let taken = 0;
  const newest = async () => {
    const frame = frames.length > 0 ? frames[taken] : SHARP;
    taken += 1;
    if (frame === undefined || taken > requests + frames.length) stop.abort();
    return frame ?? null;
  };
  const onSeen = (now: Seen) => seen.push(now);
  await keepLooking({ client: { ask }, collection: "staff", newest, onSeen, signal: stop.signal, around });
  return { askedAtMs, seen, most };
}

test("frames are sent every half second at most", async () => {
  const { askedAtMs } = await looked({});

  expect(askedAtMs.slice(0, 3)).toEqual([0, EVERY_MS, 2 * EVERY_MS]);
});

test("one request is under way, however long it takes", async () => {
  const { most, askedAtMs } = await looked({
    answer: () => new Promise((resolve) => setTimeout(resolve, 5)),
  });

  expect(most).toBe(1);
  expect(askedAtMs.length).toBeGreaterThan(3);
});

test("the pause that the service wants is kept", async () => {
  const { askedAtMs, seen } = await looked({
    answer: async (call) => {
      if (call === 1) throw new ServiceError("TOO_BUSY", "", true, 7);
    },
  });

  expect(askedAtMs.slice(0, 2)).toEqual([0, 7000]);
  expect(seen.slice(0, 2).map(({ problem }) => problem)).toEqual(["TOO_BUSY", null]);
});

test("poor frames are counted and not sent", async () => {
  const size = { width: 640, height: 480 };
  const { askedAtMs, seen } = await looked({
    frames: [{ size, flaw: "blurry" }, { size, flaw: "blurry" }, SHARP, { size, flaw: "dark" }],
  });

  expect(askedAtMs).toHaveLength(1);
  expect(seen.at(-1)).toMatchObject({ sent: 1, skipped: { blurry: 2, dark: 1 } });
});

test("nothing is sent while nobody can see the page", async () => {
  let isVisible = false;
  const early: number[] = [];
  const looking = looked({
    onVisible: async () => {
      if (!isVisible) await new Promise((resolve) => setTimeout(resolve, 20));
      isVisible = true;
    },
    answer: async (call) => void (isVisible || early.push(call)),
  });

  await looking;
  expect(early).toEqual([]);
});

function picture(value: (x: number, y: number) => number) {
  const [width, height] = [64, 48];
  const data = new Uint8ClampedArray(4 * width * height);
  for (let at = 0; at < width * height; at += 1) {
    data.fill(value(at % width, Math.floor(at / width)), 4 * at, 4 * at + 3);
  }
  return { data, width, height };
}

test("what is wrong with a frame is told by its light and its edges", () => {
  expect(flawOf(picture(() => 5))).toBe("dark");
  expect(flawOf(picture(() => 128))).toBe("empty");
  expect(flawOf(picture((x) => 60 + 2 * x))).toBe("blurry");
  expect(flawOf(picture((x, y) => ((x >> 2) + (y >> 2)) % 2 ? 60 : 190))).toBe(null);
});
