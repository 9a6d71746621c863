import { useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";

import { texts, why } from "../texts";
import type { Around, Changes } from "./around";
import { EnrolPanel } from "./enrol/enrol_panel";
import { ForgetDialog } from "./forget_dialog";
import type { Forgotten } from "./forget_dialog";
import { ForgottenView } from "./forgotten_view";
import { NotesForm } from "./notes_form";
import { PersonOnView } from "./person";
import { PersonFacesList } from "./person_faces";
import { exactly } from "./person_list";
import { cropPath } from "./person_paths";
import type { Named } from "./person_paths";
import { Portrait, initialOf } from "./portrait";
import { RenameForm } from "./rename_form";

interface Props {
  around: Around;
  named: Named;
  said: string;
  changes: Changes;
}

export function PersonView({ around, named, said, changes }: Props) {
  const { client, collection } = around;
  const [, draw] = useReducer((count: number) => count + 1, 0);
  const person = useMemo(
    () => new PersonOnView(client, collection, named, () => draw(undefined)),
    [client, collection],
  );
  const [forgotten, setForgotten] = useState<Forgotten | null>(null);
  useEffect(() => void person.load(), [person]);
  const say = (words: string) => changes.say(words, person.person_id);

  function changed() {
    changes.changed();
    void person.load();
  }

  function renamed(now: Named, words: string) {
    changes.renamed(now);
    changes.say(words, now.person_id);
    if (now.person_id === person.person_id) {
      person.person = now.person;
      void person.load();
    } else {
      changes.gone(person.person_id);
      location.replace(around.addressOf(now.person_id));
    }
  }

  async function emptied(to: string | null, words: string) {
    changes.gone(person.person_id);
    const other = to === null ? null : await exactly(client, collection, to).catch(() => null);
    if (other) changes.renamed(other);
    changes.say(words, other?.person_id ?? null);
    location.replace(around.addressOf(other?.person_id));
  }

  const back = (
    <p class="back">
      <a href={around.addressOf()}>← {texts.people.back}</a>
    </p>
  );
  if (forgotten) {
    return (
      <>
        {back}
        <ForgottenView around={around} forgotten={forgotten} />
      </>
    );
  }
  return (
    <>
      {back}
      <Head
        around={around}
        person={person}
        said={said}
        onSay={say}
        onRenamed={renamed}
        onForgotten={(what) => {
          changes.gone(person.person_id);
          setForgotten(what);
        }}
      />
      {person.problem && (
        <p class="problem" role="alert">
          {person.problem === "PERSON_NOT_FOUND" ? (
            texts.people.gone
          ) : (
            <>
              {texts.people.notShown(why(person.problem))}{" "}
              <button onClick={() => void person.load()}>{texts.tryAgain}</button>
            </>
          )}
        </p>
      )}
      {person.details && (
        <>
          <NotesForm
            around={around}
            person={person}
            onSaved={() => {
              changes.changed();
              say(texts.people.saved);
            }}
          />
          <EnrolPanel
            around={around}
            name={person.person}
            onNameless={() => undefined}
            onEnrolled={changed}
          />
          <PersonFacesList
            around={around}
            person={person}
            onSay={say}
            onEmptied={emptied}
            onChange={changed}
          />
        </>
      )}
    </>
  );
}

interface HeadProps {
  around: Around;
  person: PersonOnView;
  said: string;
  onSay: (words: string) => void;
  onRenamed: (now: Named, words: string) => void;
  onForgotten: (what: Forgotten) => void;
}

/** Who it is, and what can be done with the person as a whole. */
function Head({ around, person, said, onSay, onRenamed, onForgotten }: HeadProps) {
  const [isAsking, setIsAsking] = useState<"rename" | "forget" | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const rename = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => heading.current?.focus(), []);
  const { details, cover } = person;
  const name = details?.person ?? person.person;

  function closeRename() {
    setIsAsking(null);
    rename.current?.focus();
  }

  return (
    <section class="head">
      {cover && (
        <Portrait
          crops={around.crops}
          path={cropPath(around.collection, cover)}
          alt=""
          initial={initialOf(name)}
        />
      )}
      <div>
        <h1 ref={heading} tabIndex={-1}>
          {name ? <bdi>{name}</bdi> : texts.loading}
        </h1>
        <p class={person.isLoading ? "quiet busy" : "quiet"}>
          {details ? texts.people.faces(person.count) : !person.problem && texts.loading}
          {person.summary?.last_enrolled_at &&
            ` · ${texts.people.lastEnrolled(new Date(person.summary.last_enrolled_at))}`}
        </p>
        {details?.consent && (
          <p class="quiet">
            {texts.people.consent(details.consent.text, details.consent.date, details.consent.source)}
          </p>
        )}
        {details && (
          <p class="buttons">
            <button
              ref={rename}
              aria-expanded={isAsking === "rename"}
              onClick={() => (isAsking === "rename" ? closeRename() : setIsAsking("rename"))}
            >
              {texts.people.rename}
            </button>
            {around.may("erase") && (
              <button class="danger" onClick={() => setIsAsking("forget")}>
                {texts.people.forget}
              </button>
            )}
          </p>
        )}
        {isAsking === "rename" && (
          <RenameForm
            around={around}
            person={person}
            onSay={onSay}
            onClose={closeRename}
            onRenamed={(now, words) => {
              closeRename();
              onRenamed(now, words);
            }}
          />
        )}
        <p class="said" role="status">
          {said}
        </p>
      </div>
      {isAsking === "forget" && (
        <ForgetDialog
          around={around}
          person={person}
          onClose={() => setIsAsking(null)}
          onForgotten={onForgotten}
        />
      )}
    </section>
  );
}
