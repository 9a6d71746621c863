/** Many photos on their way to the service, four at a time. */

import type { JobDone, JobFailed, JobPending } from "../answers";
import { AWAY, ServiceError } from "../client";
import type { Answer, Client } from "../client";
import { unlike } from "../unlike";
import { NO_MEMORY } from "./memory";
import type { Memory, Remembered } from "./memory";

export const UNDER_WAY = 4;
const PATIENCE = 8;
const PAUSE_S = 2;
const RATE_OVER_MS = 30_000;

interface Done {
  job_id: string;
  status: "done";
}

type Job<Result> = Result | JobFailed | JobPending;

/** How photos are sent, and what the end of their jobs means. */
export interface Way<Result extends Done> {
  path: string;
  form: (file: File) => FormData;
  /** Code of why a job that ended well did not do what was wanted. */
  flawOf?: (result: Result) => string | null;
}

export interface Upload<Result extends Done = JobDone> extends Remembered {
  id: number;
  /** Null after a reload, until the photo is chosen again. */
  file: File | null;
  /** `lost`: the page was loaded again before the photo was sent. */
  state: "lost" | "waiting" | "sending" | "done" | "failed";
  result?: Result;
}

/** The way of photos on which people are looked for. */
export const recognition = (collection: string): Way<JobDone> => ({
  path: "/",
  form: (file) => {
    const form = new FormData();
    form.set("inputFile", file, file.name || "photo");
    form.set("collection_id", collection);
    return form;
  },
});

export interface Clock {
  now(): number;
  sleep(ms: number): Promise<void>;
}

const CLOCK: Clock = {
  now: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

export class Uploads<Result extends Done = JobDone> {
  readonly all: Upload<Result>[] = [];
  /** Whether the service asked to wait, or can't be reached. */
  isHeld = false;
  private underWay = 0;
  private readonly queue: Upload<Result>[] = [];
  private pausedUntilMs = 0;
  private finishedAtMs: number[] = [];
  private readonly stopped = new AbortController();

  constructor(
    private readonly client: Pick<Client, "ask">,
    private readonly way: Way<Result>,
    private readonly onChange: () => void,
    private readonly memory: Memory = NO_MEMORY,
    private readonly clock: Clock = CLOCK,
  ) {
    for (const kept of memory.load()) this.restore(kept);
  }

  /** Go on with what was under way before the page was loaded again. */
  start(): void {
    this.goOn();
  }

  /** Add photos. One that was there before a reload is not sent twice. */
  add(files: Iterable<File>): void {
    const missing = new Map<string, Upload<Result>[]>();
    for (const upload of this.all) {
      if (upload.file === null) push(missing, identityOf(upload), upload);
    }
    for (const file of files) {
      const { name, size, lastModified: modified } = file;
      const known = missing.get(identityOf({ name, size, modified }))?.shift();
      if (known !== undefined) {
        known.file = file;
        if (known.state === "lost") this.wait(known);
      } else {
        const kept = { name, size, modified, key: unlike(), job: null, code: null };
        const upload: Upload<Result> = { ...kept, id: this.all.length, file, state: "waiting" };
        this.all.push(upload);
        this.queue.push(upload);
      }
    }
    this.save();
    this.goOn();
  }

  /** Send again what failed for one reason. */
  retry(code: string): void {
    for (const upload of this.all) {
      if (upload.state !== "failed" || upload.code !== code) continue;
      Object.assign(upload, { key: unlike(), job: null, code: null });
      if (upload.file === null) upload.state = "lost";
      else this.wait(upload);
    }
    this.save();
    this.goOn();
  }

  /** Give up what is under way, since nobody looks any more. */
  stop(): void {
    this.stopped.abort();
    this.memory.close();
  }

  /** Forget all photos. */
  clear(): void {
    this.all.length = 0;
    this.memory.save([]);
    this.stop();
  }

  get ended(): number {
    return this.all.filter(({ state }) => state === "done" || state === "failed").length;
  }

  get failed(): number {
    return this.all.filter(({ state }) => state === "failed").length;
  }

  /** Photos that have to be chosen again, because the page was loaded again. */
  get lost(): number {
    return this.all.filter(({ state }) => state === "lost").length;
  }

  /** Photos per second in the last half minute; null while there are too few to tell. */
  get perSecond(): number | null {
    const now = this.clock.now();
    this.finishedAtMs = this.finishedAtMs.filter((at) => now - at < RATE_OVER_MS);
    const first = this.finishedAtMs[0];
    if (first === undefined || this.finishedAtMs.length < 3) return null;
    return this.finishedAtMs.length / Math.max(0.001, (now - first) / 1000);
  }

  private goOn(): void {
    while (this.underWay < UNDER_WAY && !this.stopped.signal.aborted) {
      const upload = this.queue.shift();
      if (upload === undefined) break;
      this.underWay += 1;
      void this.run(upload);
    }
    this.onChange();
  }

  private async run(upload: Upload<Result>): Promise<void> {
    upload.state = "sending";
    try {
      const job = await this.outcome(upload);
      if (job.status === "failed") {
        fail(upload, job.error.code);
      } else if (job.status === "pending") {
        fail(upload, AWAY);
      } else {
        upload.result = job;
        const flaw = this.way.flawOf?.(job) ?? null;
        if (flaw) fail(upload, flaw);
        else upload.state = "done";
      }
    } catch (error) {
      fail(upload, error instanceof ServiceError ? error.code : AWAY);
    }
    this.underWay -= 1;
    if (this.stopped.signal.aborted) return;
    this.save();
    this.finishedAtMs.push(this.clock.now());
    this.goOn();
  }

  private async outcome(upload: Upload<Result>): Promise<Job<Result>> {
    let answer = await this.patiently(() => (upload.job ? this.look(upload.job) : this.send(upload)));
    for (;;) {
      upload.job = answer.body.job_id;
      if (answer.status !== 202) return answer.body;
      this.save();
      await this.clock.sleep((answer.retryAfterS ?? 1) * 1000);
      const { job_id: job } = answer.body;
      answer = await this.patiently(() => this.look(job));
    }
  }

  private send({ file, key }: Upload<Result>): Promise<Answer<Job<Result>>> {
    if (file === null) throw new Error("a photo that is not there can't be sent");
    const headers = { "Idempotency-Key": key };
    const { signal } = this.stopped;
    return this.client.ask<Job<Result>>("POST", this.way.path, { form: this.way.form(file), headers, signal });
  }

  private look(job: string): Promise<Answer<Job<Result>>> {
    return this.client.ask<Job<Result>>("GET", `/status/${job}`, { signal: this.stopped.signal });
  }

  private restore(kept: Remembered): void {
    const upload: Upload<Result> = { ...kept, id: this.all.length, file: null, state: "lost" };
    this.all.push(upload);
    if (kept.code !== null) upload.state = "failed";
    else if (kept.job !== null) this.wait(upload);
  }

  private wait(upload: Upload<Result>): void {
    upload.state = "waiting";
    this.queue.push(upload);
  }

  private save(): void {
    this.memory.save(
      this.all.map(({ name, size, modified, key, job, code }) => ({ name, size, modified, key, job, code })),
    );
  }

  /** Ask until the service accepts it; all wait while it wants a pause. */
  private async patiently(ask: () => Promise<Answer<Job<Result>>>): Promise<Answer<Job<Result>>> {
    for (let attempt = 1; ; attempt += 1) {
      const wait = this.pausedUntilMs - this.clock.now();
      if (wait > 0) await this.clock.sleep(wait);
      try {
        const answer = await ask();
        this.isHeld = false;
        return answer;
      } catch (error) {
        const goesOn = error instanceof ServiceError && error.retryable && attempt < PATIENCE;
        if (!goesOn || this.stopped.signal.aborted) throw error;
        const pauseS = error.retryAfterS ?? PAUSE_S * Math.min(attempt, 5);
        this.pausedUntilMs = Math.max(this.pausedUntilMs, this.clock.now() + pauseS * 1000);
        this.isHeld = true;
        this.onChange();
      }
    }
  }
}

function identityOf({ name, size, modified }: Pick<Remembered, "name" | "size" | "modified">): string {
  return `${size}-${modified}-${name}`;
}

function push<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

function fail(upload: Upload<Done>, code: string): void {
  upload.state = "failed";
  upload.code = code;
}

/** How many failed for each reason, most first. */
export function failuresByCode(uploads: readonly Upload<Done>[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const { state, code } of uploads) {
    if (state === "failed" && code) counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a);
}
