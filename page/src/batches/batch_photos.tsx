import { useEffect, useState } from "preact/hooks";

import { codeOf } from "../client";
import type { Client } from "../client";
import { Problem } from "../shared/problem";
import { texts, why } from "../texts";
import { byKind, needsALook } from "./batches";
import type { Batch, Outcome } from "./batches";
import { WhyNot } from "./why_not";

const PAGE = 100;
/** What stands for the name of a photo that was erased. */
const ERASED = "erased";

interface Props {
  client: Client;
  batch: Batch;
}

/** The photos of a batch, page by page, with what became of each. */
export function BatchPhotos({ client, batch }: Props) {
  const { outcomes, hasMore, isLoading, problem, load } = useOutcomes(client, batch);
  const [isAll, setIsAll] = useState(false);
  const shown = isAll ? outcomes : outcomes.filter(needsALook);
  return (
    <div class="photos-of">
      <p class="face">
        <span role="status">
          {isLoading ? (
            <span class="busy">{texts.loading}</span>
          ) : (
            texts.batches.photosOf(outcomes.length, batch.total)
          )}
        </span>
        <label class="check">
          <input type="checkbox" checked={!isAll} onChange={() => setIsAll(!isAll)} />
          {texts.batches.onlyFailed}
        </label>
      </p>
      <ul class="kinds">
        {byKind(outcomes).map(([kind, count]) => (
          <li key={kind}>
            {count.toLocaleString("en")} {told(kind)}
          </li>
        ))}
      </ul>
      {!isLoading && !problem && shown.length === 0 && <p class="quiet">{texts.batches.allWell}</p>}
      <ul class="rows">
        {shown.map((outcome) => (
          <li key={outcome.job_id}>
            <bdi class="names">
              {outcome.image_id === ERASED ? texts.batches.erased : outcome.image_id}
            </bdi>
            <span class="quiet">{became(outcome)}</span>
            {(outcome.unindexed ?? 0) > 0 && <WhyNot client={client} outcome={outcome} />}
          </li>
        ))}
      </ul>
      <Problem code={problem} onAgain={load} />
      {hasMore && !problem && (
        <button disabled={isLoading} onClick={load}>
          {texts.batches.morePhotos}
        </button>
      )}
    </div>
  );
}

function told(kind: string): string {
  if (kind === "done") return texts.batches.isDone;
  return kind === "pending" ? texts.batches.pending : texts.batches.failed(why(kind));
}

function became({ status, faces, error }: Outcome): string {
  if (status === "pending") return texts.batches.pending;
  if (status === "failed") return texts.batches.failed(why(error?.code ?? "JOB_NOT_FOUND"));
  return texts.batches.done(faces ?? 0);
}

function useOutcomes(client: Client, { batch_id, pending }: Batch) {
  const [outcomes, setOutcomes] = useState<Outcome[]>([]);
  const [token, setToken] = useState<string | null>(null);
  const [isLoading, setIsLoading] = useState(true);
  const [problem, setProblem] = useState<string | null>(null);
  const [isGone] = useState({ current: false });

  async function load(from: string | null) {
    setIsLoading(true);
    setProblem(null);
    const query = new URLSearchParams({ limit: String(PAGE) });
    if (from) query.set("next_token", from);
    try {
      const path = `/batches/${batch_id}?${query}`;
      const { body } = await client.ask<{ outcomes: Outcome[]; next_token: string | null }>("GET", path);
      if (isGone.current) return;
      setOutcomes((before) => (from ? [...before, ...body.outcomes] : body.outcomes));
      setToken(body.next_token);
    } catch (error) {
      if (isGone.current) return;
      setProblem(codeOf(error));
    }
    setIsLoading(false);
  }
  // Whatever ends while somebody looks is read again from the beginning.
  useEffect(() => void load(null), [client, batch_id, pending]);
  useEffect(() => () => void (isGone.current = true), []);

  return { outcomes, hasMore: token !== null, isLoading, problem, load: () => void load(token) };
}
