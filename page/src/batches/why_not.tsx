import { useState } from "preact/hooks";

import { codeOf } from "../client";
import type { Client } from "../client";
import { texts, why } from "../texts";
import type { Outcome } from "./batches";

interface Props {
  client: Client;
  outcome: Outcome;
}

/** Why faces of a photo were not added: its result says it, when somebody asks. */
export function WhyNot({ client, outcome }: Props) {
  const [told, setTold] = useState("");

  async function ask() {
    setTold(texts.batches.asking);
    try {
      const path = `/status/${outcome.job_id}`;
      const { body } = await client.ask<{ unindexed_faces: { reason: string }[] }>("GET", path);
      const reasons = new Set(body.unindexed_faces.map(({ reason }) => why(reason)));
      setTold([...reasons].join("; "));
    } catch (error) {
      setTold(texts.notDone(why(codeOf(error))));
    }
  }

  return (
    <span class="quiet">
      {texts.batches.unindexed(outcome.unindexed ?? 0)}{" "}
      {!told && (
        <button class="link" onClick={() => void ask()}>
          {texts.batches.why}
        </button>
      )}
      <span role="status">{told}</span>
    </span>
  );
}
