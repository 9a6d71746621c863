import { useState } from "preact/hooks";

import type { Collection } from "../answers";
import { codeOf } from "../client";
import type { Client } from "../client";
import { Problem } from "../shared/problem";
import { texts } from "../texts";

interface Props {
  client: Client;
  onCreated: (collection: string) => void;
}

export function CreateForm({ client, onCreated }: Props) {
  const [id, setId] = useState("");
  const [keepsUnknown, setKeepsUnknown] = useState(false);
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  async function create() {
    setIsBusy(true);
    setProblem(null);
    const json = { collection_id: id.trim(), ...(keepsUnknown ? { keep_unknown: true } : {}) };
    try {
      const { body } = await client.ask<Collection>("POST", "/collections", { json });
      setId("");
      onCreated(body.collection_id);
    } catch (error) {
      setProblem(codeOf(error));
    }
    setIsBusy(false);
  }

  return (
    <form
      class="stack"
      aria-labelledby="create"
      onSubmit={(event) => {
        event.preventDefault();
        void create();
      }}
    >
      <h3 id="create">{texts.collections.create}</h3>
      <label>
        {texts.collections.id}
        <input
          required
          maxLength={100}
          pattern="[A-Za-z0-9_.\-]+"
          title={texts.collections.idRule}
          autocomplete="off"
          spellcheck={false}
          value={id}
          onInput={(event) => setId(event.currentTarget.value)}
        />
      </label>
      <p class="quiet">{texts.collections.idRule}</p>
      <label class="check">
        <input
          type="checkbox"
          checked={keepsUnknown}
          onChange={(event) => setKeepsUnknown(event.currentTarget.checked)}
        />
        {texts.collections.keepUnknown}
      </label>
      {keepsUnknown && <p class="warning">{texts.collections.strangers}</p>}
      <button class="main" type="submit" disabled={isBusy}>
        {texts.collections.createIt}
      </button>
      <Problem code={problem} />
    </form>
  );
}
