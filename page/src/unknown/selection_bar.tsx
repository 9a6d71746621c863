import { useState } from "preact/hooks";

import type { Client } from "../client";
import { texts } from "../texts";
import type { Group } from "./groups";
import { NamingForm } from "./naming_form";

interface Props {
  client: Client;
  collection: string;
  groups: Group[];
  onConfirm: () => void;
  onIgnore: () => void;
  onName: (person: string) => void;
  onClear: () => void;
}

/** What to do with several groups at once. */
export function SelectionBar({ client, collection, groups, ...on }: Props) {
  const [isNaming, setIsNaming] = useState(false);
  const suggested = groups.filter(({ suggestion }) => suggestion).length;
  if (groups.length === 0) return null;
  return (
    <section class="selection" aria-label={texts.unknown.selection}>
      <p role="status">{texts.unknown.selected(groups.length)}</p>
      {isNaming ? (
        <NamingForm
          id="names-of-all"
          client={client}
          collection={collection}
          label={texts.unknown.whoAre}
          onName={(person) => {
            setIsNaming(false);
            on.onName(person);
          }}
          onCancel={() => setIsNaming(false)}
        />
      ) : (
        <p class="buttons">
          <button class="main" disabled={suggested === 0} onClick={on.onConfirm}>
            {texts.unknown.confirmAll(suggested)}
          </button>
          <button onClick={() => setIsNaming(true)}>{texts.unknown.samePerson}</button>
          <button onClick={on.onIgnore}>{texts.unknown.ignore(null)}</button>
          <button onClick={on.onClear}>{texts.unknown.clear}</button>
        </p>
      )}
    </section>
  );
}
