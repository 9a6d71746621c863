import { useEffect, useRef, useState } from "preact/hooks";

import type { Person } from "../../answers";
import { texts } from "../../texts";
import type { Around, Changes } from "../around";
import { NameField } from "../name_field";
import { exactly } from "../person_list";
import { EnrolPanel } from "./enrol_panel";

const TYPING_MS = 300;

/** Enrols somebody under a name, who may be new. */
export function NewPersonView({ around, changes }: { around: Around; changes: Changes }) {
  const [name, setName] = useState("");
  const [isNameless, setIsNameless] = useState(false);
  const [hasBegun, setHasBegun] = useState(false);
  const [enrolled, setEnrolled] = useState<Person | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const known = useKnown(around, hasBegun ? "" : name.trim());

  async function show() {
    const person = await exactly(around.client, around.collection, name.trim()).catch(() => null);
    if (person) changes.renamed(person);
    setEnrolled(person);
  }

  return (
    <>
      <p class="back">
        <a href={around.addressOf()}>← {texts.people.back}</a>
      </p>
      <h1>{texts.people.newHeading}</h1>
      <form ref={form} class="row people-form" onSubmit={(event) => event.preventDefault()}>
        <NameField
          around={around}
          label={texts.people.whoIsIt}
          value={name}
          disabled={hasBegun}
          onInput={(value) => {
            setName(value);
            setIsNameless(false);
          }}
        />
      </form>
      <p class="problem" role="alert">
        {isNameless && texts.people.nameFirst}
      </p>
      <p class="quiet" role="status">
        {known && texts.people.enrolledAlready(known.person, known.faces)}
      </p>
      <EnrolPanel
        around={around}
        name={name.trim()}
        onNameless={() => {
          setIsNameless(true);
          form.current?.querySelector("input")?.focus();
        }}
        onBegun={() => setHasBegun(true)}
        onEnrolled={() => void show()}
        onCleared={() => {
          setName("");
          setEnrolled(null);
          setHasBegun(false);
        }}
      />
      {enrolled && (
        <p>
          <a href={around.addressOf(enrolled.person_id)}>{texts.people.show(enrolled.person)}</a>
        </p>
      )}
    </>
  );
}

/** Return who has this name already. */
function useKnown(around: Around, name: string): Person | null {
  const [known, setKnown] = useState<Person | null>(null);
  useEffect(() => {
    setKnown(null);
    if (!name) return;
    let isCurrent = true;
    const timer = setTimeout(() => {
      exactly(around.client, around.collection, name)
        .then((found) => isCurrent && setKnown(found))
        .catch(() => undefined); // it is only a help
    }, TYPING_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [around, name]);
  return known;
}
