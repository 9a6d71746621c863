import { useLayoutEffect, useRef } from "preact/hooks";

import type { Receipt } from "../answers";
import type { Client } from "../client";
import { Problem } from "../shared/problem";
import { useAsked } from "../shared/asked";
import { texts } from "../texts";

interface Props {
  client: Client;
  erased: { collection: string; receipt: string };
  onClose: () => void;
}

/** The receipt of an erasure: what was removed, and that nothing was found afterwards. */
export function Erased({ client, erased, onClose }: Props) {
  const { value, problem, isAsking, again } = useAsked(
    async () => (await client.ask<Receipt>("GET", erased.receipt)).body,
    [client, erased.receipt],
  );
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => heading.current?.focus(), []);
  return (
    <section class="told receipt card" aria-labelledby="erased">
      <h2 id="erased" ref={heading} tabIndex={-1}>
        <bdi>{erased.collection}</bdi> {texts.collections.isErased}
      </h2>
      {isAsking && <p class="busy">{texts.collections.readingReceipt}</p>}
      <Problem code={problem} onAgain={again} />
      {value && (
        <>
          <dl class="facts">
            {Object.entries(texts.people.removed).map(([what, label]) => (
              <div key={what}>
                <dt>{label}</dt>
                <dd>{(value.removed[what] ?? 0).toLocaleString("en")}</dd>
              </div>
            ))}
          </dl>
          <p>{value.statement}</p>
          <p class="quiet names">{texts.collections.receiptId(value.receipt_id)}</p>
        </>
      )}
      <button onClick={onClose}>{texts.close}</button>
    </section>
  );
}
