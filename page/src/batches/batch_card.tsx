import { useState } from "preact/hooks";

import type { Client } from "../client";
import { texts } from "../texts";
import { BatchPhotos } from "./batch_photos";
import type { Batch } from "./batches";

interface Props {
  client: Client;
  batch: Batch;
}

/** How far one batch is; its photos when somebody wants to see them. */
export function BatchCard({ client, batch }: Props) {
  const [isOpen, setIsOpen] = useState(false);
  const { batch_id: id, total, done, failed, pending, photos_per_s: rate, expected_end_at: end } = batch;
  return (
    <li class="group card" aria-labelledby={`batch-${id}`}>
      <header class="face">
        <h2 id={`batch-${id}`}>
          {texts.batches.of(total)} · <bdi>{batch.collection_id}</bdi>
        </h2>
        {batch.accepted_at && (
          <span class="quiet">{texts.batches.accepted(new Date(batch.accepted_at))}</span>
        )}
      </header>
      <progress value={total - pending} max={total} aria-label={texts.batches.progressLabel} />
      <p class="face">
        <span>{texts.batches.counts(done, failed, pending)}</span>
        {pending > 0 && rate !== null && <span class="quiet">{texts.photos.rate(rate)}</span>}
        {pending > 0 && end && <span class="quiet">{texts.batches.end(new Date(end))}</span>}
        {pending === 0 && <span class="quiet">{texts.batches.ended}</span>}
      </p>
      <button aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
        {texts.batches.photos}
      </button>
      {isOpen && <BatchPhotos client={client} batch={batch} />}
    </li>
  );
}
