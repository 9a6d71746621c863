import { useState } from "preact/hooks";

import type { Client } from "../client";
import { Problem } from "../shared/problem";
import { useAsked } from "../shared/asked";
import { texts } from "../texts";
import "./batches.css";
import { newestBatches } from "./batches";
import { BatchCard } from "./batch_card";

const PAGE = 20;
const UNDER_WAY_MS = 3_000;
const ENDED_MS = 15_000;

export function BatchesView({ client }: { client: Client }) {
  const [wanted, setWanted] = useState(PAGE);
  const { value, problem, isAsking, again } = useAsked(
    () => newestBatches(client, wanted),
    [client, wanted],
    (page) => (page?.batches.some(({ pending }) => pending > 0) ? UNDER_WAY_MS : ENDED_MS),
  );
  const underWay = value?.batches.filter(({ pending }) => pending > 0).length ?? 0;
  return (
    <>
      <h1>{texts.batches.heading}</h1>
      <p class="quiet lead">{texts.batches.what}</p>
      <p role="status">
        {value === null && isAsking && <span class="busy">{texts.loading}</span>}
        {value !== null && value.batches.length > 0 && texts.batches.underWay(underWay)}
      </p>
      <Problem code={problem} onAgain={again} />
      {value?.batches.length === 0 && (
        <div class="drop">
          <p>{texts.batches.none}</p>
          <p class="quiet">{texts.batches.how}</p>
          <pre tabIndex={0}>{texts.batches.command}</pre>
        </div>
      )}
      <ul class="groups">
        {value?.batches.map((batch) => (
          <BatchCard key={batch.batch_id} client={client} batch={batch} />
        ))}
      </ul>
      {value?.hasMore && (
        <button disabled={isAsking} onClick={() => setWanted(wanted + PAGE)}>
          {texts.batches.more}
        </button>
      )}
    </>
  );
}
