/**
 * What somebody decided of groups, held back while it can be undone.
 *
 * The service can't take a name away from faces, so the request waits until the time for undo is
 * over. Whoever leaves the view or closes the page has decided: then all is sent at once.
 */

import { ServiceError, codeOf, inPath } from "../client";
import type { Client } from "../client";

export const UNDO_MS = 10_000;
const PATIENCE = 5;
const PAUSE_S = 2;

export type Verdict = { person: string; without: readonly string[] } | "ignored";

export interface Choice {
  groupId: string;
  faces: number;
  verdict: Verdict;
}

/** Choices that were made at once, and are undone at once. */
export interface Decision {
  id: number;
  choices: Choice[];
}

export interface Clock {
  now(): number;
  sleep(ms: number): Promise<void>;
}

const CLOCK: Clock = {
  now: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

interface Waiting {
  decision: Decision;
  dueMs: number;
}

export class Decisions {
  /** Code for each group that the service refused, which is listed again. */
  readonly refused = new Map<string, string>();
  private readonly decided = new Set<string>();
  private waiting: Waiting[] = [];
  private due: Choice[] = [];
  private isSending = false;
  private hasLeft = false;
  private made = 0;

  constructor(
    private readonly client: Pick<Client, "ask">,
    private readonly collection: string,
    private readonly onChange: () => void,
    private readonly clock: Clock = CLOCK,
  ) {}

  /** The newest that can still be undone. */
  get newest(): Decision | null {
    return this.waiting.at(-1)?.decision ?? null;
  }

  /** How many groups wait to be told to the service, or are being told. */
  get unsent(): number {
    return this.waiting.reduce((sum, { decision }) => sum + decision.choices.length, this.due.length);
  }

  isDecided(groupId: string): boolean {
    return this.decided.has(groupId);
  }

  decide(choices: Choice[]): void {
    if (choices.length === 0) return;
    const decision = { id: this.made++, choices };
    for (const { groupId } of choices) {
      this.decided.add(groupId);
      this.refused.delete(groupId);
    }
    this.waiting.push({ decision, dueMs: this.clock.now() + UNDO_MS });
    this.onChange();
    void this.clock.sleep(UNDO_MS).then(() => this.end());
  }

  /** Take the newest decision back; return its groups. */
  undo(): string[] {
    const undone = this.waiting.pop();
    const groups = undone?.decision.choices.map(({ groupId }) => groupId) ?? [];
    groups.forEach((groupId) => this.decided.delete(groupId));
    this.onChange();
    return groups;
  }

  /** Send all that waits, in one go, even if the page goes away. */
  leave(): void {
    this.hasLeft = true;
    const underWay = this.isSending ? 1 : 0;
    const held = this.waiting.flatMap(({ decision }) => decision.choices);
    const all = [...this.due.splice(underWay), ...held];
    this.waiting = [];
    for (const choice of all) void this.send(choice).catch(() => undefined);
  }

  private end(): void {
    const now = this.clock.now();
    const ended = this.waiting.filter(({ dueMs }) => dueMs <= now);
    this.waiting = this.waiting.filter(({ dueMs }) => dueMs > now);
    this.due.push(...ended.flatMap(({ decision }) => decision.choices));
    void this.sendDue();
  }

  private async sendDue(): Promise<void> {
    if (this.isSending) return;
    this.isSending = true;
    for (let choice = this.due[0]; choice; choice = this.due[0]) {
      try {
        await this.patiently(choice);
      } catch (error) {
        this.decided.delete(choice.groupId);
        this.refused.set(choice.groupId, codeOf(error));
      }
      this.due.shift();
      this.onChange();
    }
    this.isSending = false;
    this.onChange();
  }

  private async patiently(choice: Choice): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.send(choice);
      } catch (error) {
        const goesOn = error instanceof ServiceError && error.retryable && attempt < PATIENCE;
        if (!goesOn || this.hasLeft) throw error;
        await this.clock.sleep((error.retryAfterS ?? PAUSE_S * attempt) * 1000);
      }
    }
  }

  private async send({ groupId, verdict }: Choice): Promise<void> {
    const path = `/collections/${inPath(this.collection)}/groups/${groupId}`;
    if (verdict === "ignored") await this.client.ask("POST", `${path}/ignore`, { outlives: true });
    else await this.client.ask("POST", `${path}/name`, { json: verdict, outlives: true });
  }
}
