import { useState } from "preact/hooks";

import type { Person } from "../answers";
import { codeOf } from "../client";
import { texts, why } from "../texts";
import type { Around } from "./around";
import { Dialog } from "./dialog";
import type { PersonOnView } from "./person";
import { exactly } from "./person_list";
import { cropPath } from "./person_paths";
import type { Named } from "./person_paths";
import { Portrait, initialOf } from "./portrait";

interface Props {
  around: Around;
  person: PersonOnView;
  onSay: (words: string) => void;
  onClose: () => void;
  onRenamed: (now: Named, words: string) => void;
}

/** A new name; one that somebody has asks whether the two are one person. */
export function RenameForm({ around, person, onSay, onClose, onRenamed }: Props) {
  const [name, setName] = useState(person.person);
  const [other, setOther] = useState<Person | null>(null);
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  async function trying(doIt: () => Promise<void>) {
    setIsBusy(true);
    setProblem(null);
    try {
      await doIt();
    } catch (error) {
      onSay("");
      setOther(null);
      setProblem(texts.people.notRenamed(why(codeOf(error))));
    }
    setIsBusy(false);
  }

  async function ask() {
    if (name.trim() === person.person) return onClose();
    let existing: Person | null = null;
    await trying(async () => {
      existing = await exactly(around.client, around.collection, name.trim());
      if (!existing) await rename(texts.people.renaming);
    });
    setOther(existing);
  }

  async function rename(meanwhile: string) {
    onSay(meanwhile);
    const { body } = await around.client.ask<Named & { faces: number }>("PATCH", person.path, {
      json: { name: name.trim() },
    });
    const isMerge = body.person_id !== person.person_id;
    onRenamed(body, isMerge ? texts.people.merged(body.faces) : texts.people.renamed);
  }

  return (
    <>
      <form
        class="row people-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() && !isBusy) void ask();
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape" && !isBusy) onClose();
        }}
      >
        <label>
          <span class="hidden">{texts.people.renameLabel}</span>
          <input
            ref={chosen}
            dir="auto"
            autocomplete="off"
            maxLength={100}
            placeholder={texts.people.renameLabel}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <button class="main" type="submit" disabled={isBusy}>
          {texts.people.save}
        </button>
        <button type="button" disabled={isBusy} onClick={onClose}>
          {texts.people.cancel}
        </button>
      </form>
      <p class="problem" role="alert">
        {problem}
      </p>
      {other && (
        <MergeDialog
          around={around}
          one={person}
          other={other}
          isBusy={isBusy}
          onClose={() => setOther(null)}
          onMerge={() => void trying(() => rename(texts.people.merging))}
        />
      )}
    </>
  );
}

function chosen(input: HTMLInputElement | null) {
  input?.select();
}

interface MergeProps {
  around: Around;
  one: PersonOnView;
  other: Person;
  isBusy: boolean;
  onClose: () => void;
  onMerge: () => void;
}

function MergeDialog({ around, one, other, isBusy, onClose, onMerge }: MergeProps) {
  const both = [
    { person: one.person, cover: one.cover, faces: one.count },
    { person: other.person, cover: other.cover, faces: other.faces },
  ];
  return (
    <Dialog heading={texts.people.mergeHeading} isBusy={isBusy} onClose={onClose}>
      <ul class="both">
        {both.map(({ person, cover, faces }) => (
          <li key={person}>
            {cover && (
              <Portrait
                crops={around.crops}
                path={cropPath(around.collection, cover)}
                alt=""
                initial={initialOf(person)}
              />
            )}
            <bdi class="name">{person}</bdi>
            <span class="quiet">{texts.people.faces(faces)}</span>
          </li>
        ))}
      </ul>
      <p>{texts.people.mergeWhy}</p>
      <p class={isBusy ? "busy" : ""} role="status">
        {isBusy && texts.people.merging}
      </p>
      <p class="buttons">
        <button disabled={isBusy} onClick={onClose}>
          {texts.people.keepApart}
        </button>
        <button class="main" disabled={isBusy} onClick={onMerge}>
          {texts.people.merge}
        </button>
      </p>
    </Dialog>
  );
}
