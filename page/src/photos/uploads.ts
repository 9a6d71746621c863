/** Many photos on their way to the service, four at a time. */

import type { JobDone, JobFailed, JobPending } from "../answers";
import { AWAY, ServiceError } from "../client";
import type { Answer, Client } from "../client";

export const UNDER_WAY = 4;
const PATIENCE = 8;
const PAUSE_S = 2;
const RATE_OVER_MS = 30_000;

interface Done {
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

export interface Upload<Result extends Done = JobDone> {
  id: number;
  file: File;
  state: "waiting" | "sending" | "done" | "failed";
  result?: Result;
  code?: string;
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
  private next = 0;
  private again: Upload<Result>[] = [];
  private pausedUntilMs = 0;
  private finishedAtMs: number[] = [];
  private readonly stopped = new AbortController();

  constructor(
    private readonly client: Pick<Client, "ask">,
    private readonly way: Way<Result>,
    private readonly onChange: () => void,
    private readonly clock: Clock = CLOCK,
  ) {}

  add(files: Iterable<File>): void {
    for (const file of files) this.all.push({ id: this.all.length, file, state: "waiting" });
    this.goOn();
  }

  /** Send again what failed for one reason. */
  retry(code: string): void {
    for (const upload of this.all) {
      if (upload.state !== "failed" || upload.code !== code) continue;
      upload.state = "waiting";
      this.again.push(upload);
    }
    this.goOn();
  }

  /** Give up what is under way, since nobody looks any more. */
  stop(): void {
    this.stopped.abort();
  }

  get ended(): number {
    return this.all.filter(({ state }) => state === "done" || state === "failed").length;
  }

  get failed(): number {
    return this.all.filter(({ state }) => state === "failed").length;
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
      const upload = this.again.shift() ?? this.all[this.next++];
      if (upload === undefined) {
        this.next = this.all.length;
        break;
      }
      this.underWay += 1;
      void this.run(upload);
    }
    this.onChange();
  }

  private async run(upload: Upload<Result>): Promise<void> {
    upload.state = "sending";
    try {
      const job = await this.outcome(upload.file);
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
    this.finishedAtMs.push(this.clock.now());
    this.goOn();
  }

  private async outcome(file: File): Promise<Job<Result>> {
    const form = this.way.form(file);
    let answer = await this.patiently(() => this.ask("POST", this.way.path, form));
    while (answer.status === 202) {
      await this.clock.sleep((answer.retryAfterS ?? 1) * 1000);
      const path = `/status/${(answer.body as JobPending).job_id}`;
      answer = await this.patiently(() => this.ask("GET", path));
    }
    return answer.body;
  }

  private ask(method: string, path: string, form?: FormData): Promise<Answer<Job<Result>>> {
    const { signal } = this.stopped;
    return this.client.ask<Job<Result>>(method, path, form ? { form, signal } : { signal });
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
