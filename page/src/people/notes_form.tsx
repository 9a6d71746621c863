import { useRef, useState } from "preact/hooks";

import { codeOf } from "../client";
import { texts, why } from "../texts";
import type { Around } from "./around";
import type { PersonOnView } from "./person";

const MOST = 20;

interface Props {
  around: Around;
  person: PersonOnView;
  onSaved: () => void;
}

/** What is noted of a person: up to twenty texts, each with a name. */
export function NotesForm({ around, person, onSaved }: Props) {
  const kept = Object.entries(person.details?.metadata ?? {});
  const [edited, setEdited] = useState<[string, string][] | null>(null);
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const rows = edited ?? kept;

  const change = (at: number, row: [string, string] | null) =>
    setEdited(rows.flatMap((each, index) => (index !== at ? [each] : row ? [row] : [])));

  function add() {
    setEdited([...rows, ["", ""]]);
    requestAnimationFrame(() => {
      form.current?.querySelector<HTMLElement>("li:last-child input")?.focus();
    });
  }

  async function save() {
    setIsBusy(true);
    setProblem(null);
    const metadata = Object.fromEntries(rows.map(([key, value]) => [key.trim(), value]).filter(([key]) => key));
    try {
      await around.client.ask("PATCH", person.path, { json: { metadata } });
      if (person.details) person.details = { ...person.details, metadata };
      setEdited(null);
      onSaved();
    } catch (error) {
      setProblem(texts.people.notSaved(why(codeOf(error))));
    }
    setIsBusy(false);
  }

  return (
    <details class="notes">
      <summary>{texts.people.notes(kept.length)}</summary>
      <form
        ref={form}
        onSubmit={(event) => {
          event.preventDefault();
          if (!isBusy) void save();
        }}
      >
        <ul>
          {rows.map(([key, value], at) => (
            <li key={at} class="row">
              <label>
                <span class="hidden">{texts.people.noteName(at + 1)}</span>
                <input
                  dir="auto"
                  maxLength={64}
                  placeholder={texts.people.noteNamePlaceholder}
                  value={key}
                  onInput={(event) => change(at, [event.currentTarget.value, value])}
                />
              </label>
              <label>
                <span class="hidden">{texts.people.noteText(at + 1)}</span>
                <input
                  dir="auto"
                  maxLength={512}
                  placeholder={texts.people.noteTextPlaceholder}
                  value={value}
                  onInput={(event) => change(at, [key, event.currentTarget.value])}
                />
              </label>
              <button type="button" aria-label={texts.people.removeNote(at + 1)} onClick={() => change(at, null)}>
                ✕
              </button>
            </li>
          ))}
        </ul>
        <p class="buttons">
          <button type="button" disabled={rows.length >= MOST} onClick={add}>
            {texts.people.addNote}
          </button>
          <button class="main" type="submit" disabled={isBusy || edited === null}>
            {isBusy ? texts.people.saving : texts.people.save}
          </button>
        </p>
        <p class="problem" role="alert">
          {problem}
        </p>
      </form>
    </details>
  );
}
