import { useEffect, useState } from "preact/hooks";

import { texts } from "../texts";
import type { Around } from "./around";
import { beginning } from "./person_list";

const TYPING_MS = 250;

interface Props {
  around: Around;
  label: string;
  value: string;
  onInput: (value: string) => void;
  disabled?: boolean;
}

/** A field for a name, which suggests those who are enrolled. */
export function NameField({ around, label, value, onInput, disabled = false }: Props) {
  const [suggested, setSuggested] = useState<string[]>([]);
  useEffect(() => {
    if (!value.trim()) return;
    let isCurrent = true;
    const timer = setTimeout(() => {
      beginning(around.client, around.collection, value.trim())
        .then((found) => isCurrent && setSuggested(found.map(({ person }) => person)))
        .catch(() => undefined); // it is only a help
    }, TYPING_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [around, value]);
  return (
    <label>
      {label}
      <input
        ref={focusOnce}
        list="enrolled"
        dir="auto"
        autocomplete="off"
        maxLength={100}
        placeholder={texts.photos.name}
        value={value}
        disabled={disabled}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      <datalist id="enrolled">
        {suggested.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </label>
  );
}

function focusOnce(input: HTMLInputElement | null) {
  input?.focus();
}
