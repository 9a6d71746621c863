import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { ServiceError, codeOf } from "../client";

const PAUSE_MS = 3_000;
const NOTHING = { value: null, problem: null, told: "", isAsking: false };

export interface Asked<T> {
  value: T | null;
  /** Code of what the service answers instead; the value is the last that it gave. */
  problem: string | null;
  /** What it says of the problem, in its own words. */
  told: string;
  isAsking: boolean;
  again: () => void;
}

/**
 * What the service answers to a question, asked again when the question changes.
 *
 * `pauseMs` tells from the answer after how long to ask again by itself, while somebody can see
 * the page; null does not.
 */
export function useAsked<T>(
  ask: () => Promise<T>,
  inputs: readonly unknown[],
  pauseMs: (value: T | null) => number | null = () => null,
): Asked<T> {
  const [state, setState] = useState<Omit<Asked<T>, "again">>({ ...NOTHING, isAsking: true });
  const [round, setRound] = useState(0);
  const newest = useRef({ ask, pauseMs });
  newest.current = { ask, pauseMs };

  useEffect(() => setState({ ...NOTHING, isAsking: true }), inputs);
  useEffect(() => {
    let isCurrent = true;
    let timer = 0;
    const later = (ms: number | null) => {
      if (ms === null) return;
      timer = setTimeout(() => (document.hidden ? later(ms) : setRound((before) => before + 1)), ms);
    };
    setState((before) => ({ ...before, isAsking: true }));
    newest.current.ask().then(
      (value) => {
        if (!isCurrent) return;
        setState({ ...NOTHING, value });
        later(newest.current.pauseMs(value));
      },
      (error: unknown) => {
        if (!isCurrent) return;
        const told = error instanceof ServiceError ? error.message : "";
        setState((before) => ({ ...before, problem: codeOf(error), told, isAsking: false }));
        if (!(error instanceof ServiceError) || !error.retryable) return;
        const wantedMs = newest.current.pauseMs(null);
        if (wantedMs !== null) later(Math.max(wantedMs, (error.retryAfterS ?? 0) * 1000, PAUSE_MS));
      },
    );
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [...inputs, round]);

  const again = useCallback(() => setRound((before) => before + 1), []);
  return { ...state, again };
}
