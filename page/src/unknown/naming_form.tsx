import { useEffect, useState } from "preact/hooks";

import type { Client } from "../client";
import { beginning } from "../people/person_list";
import { texts } from "../texts";

const TYPED_FOR_MS = 250;

interface Props {
  id: string;
  client: Client;
  collection: string;
  label: string;
  onName: (name: string) => void;
  onCancel: () => void;
}

/** A name to type; people who are enrolled are offered. */
export function NamingForm({ id, client, collection, label, onName, onCancel }: Props) {
  const [name, setName] = useState("");
  const known = useKnownNames(client, collection, name.trim());
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim()) onName(name.trim());
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onCancel();
      }}
    >
      <label>
        <span class="hidden">{label}</span>
        <input
          ref={focused}
          placeholder={texts.photos.name}
          maxLength={100}
          autocomplete="off"
          dir="auto"
          list={id}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <datalist id={id}>
        {known.map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
      <button class="main" type="submit">
        {texts.unknown.nameThem}
      </button>
      <button type="button" onClick={onCancel}>
        {texts.cancel}
      </button>
    </form>
  );
}

function focused(input: HTMLInputElement | null) {
  input?.focus();
}

/** Names of enrolled people that begin so; late answers to earlier letters are left. */
function useKnownNames(client: Client, collection: string, prefix: string): string[] {
  const [names, setNames] = useState<string[]>([]);
  useEffect(() => {
    if (!prefix) return;
    let isCurrent = true;
    const timer = setTimeout(() => {
      beginning(client, collection, prefix)
        .then((found) => isCurrent && setNames(found.map(({ person }) => person)))
        .catch(() => undefined); // it is only a help
    }, TYPED_FOR_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [client, collection, prefix]);
  return names;
}
