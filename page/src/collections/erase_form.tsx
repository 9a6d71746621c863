import { useState } from "preact/hooks";

import type { Collection } from "../answers";
import { codeOf, inPath } from "../client";
import type { Client } from "../client";
import { Problem } from "../shared/problem";
import { texts } from "../texts";

interface Props {
  client: Client;
  collection: Collection;
  /** Called with the path of the receipt. */
  onErased: (receipt: string) => void;
}

/** Tells what goes with a collection, and erases it when its id is typed. */
export function EraseForm({ client, collection, onErased }: Props) {
  const { collection_id: id, persons = 0, faces = 0 } = collection;
  const [typed, setTyped] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  async function erase() {
    setIsBusy(true);
    setProblem(null);
    try {
      const { headers } = await client.ask("DELETE", `/collections/${inPath(id)}`);
      onErased(headers.get("Receipt") ?? "");
    } catch (error) {
      setProblem(codeOf(error));
      setIsBusy(false);
    }
  }

  return (
    <details class="unfold">
      <summary>{texts.collections.erase}</summary>
      <p>{texts.collections.erases}</p>
      <ul class="points">
        {texts.collections.whatGoes(persons, faces).map((each) => (
          <li key={each}>{each}</li>
        ))}
      </ul>
      <p class="quiet">{texts.collections.whatStays}</p>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (typed === id) void erase();
        }}
      >
        <label>
          {texts.collections.typeId} <bdi class="name">{id}</bdi>
          <input
            autocomplete="off"
            spellcheck={false}
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </label>
        <button class="danger" type="submit" disabled={isBusy || typed !== id}>
          {texts.collections.eraseIt}
        </button>
      </form>
      <p class={isBusy ? "busy" : ""} role="status">
        {isBusy && texts.collections.erasing}
      </p>
      <Problem code={problem} />
    </details>
  );
}
