import { useRef, useState } from "preact/hooks";

import type { KnownFace } from "../answers";
import { codeOf } from "../client";
import { texts, why } from "../texts";
import type { Around } from "./around";
import { Dialog } from "./dialog";
import { GiveForm } from "./give_form";
import type { PersonOnView } from "./person";
import { cropPath, facePath } from "./person_paths";
import { Portrait } from "./portrait";

interface Props {
  around: Around;
  person: PersonOnView;
  onSay: (words: string) => void;
  /** All faces have gone, to the person of this name or to nobody. */
  onEmptied: (to: string | null, words: string) => Promise<void>;
  onChange: () => void;
}

type Question = "give" | "reject" | "erase";

/** The faces of a person, and what can be done with some of them. */
export function PersonFacesList({ around, person, onSay, onEmptied, onChange }: Props) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [asked, setAsked] = useState<Question | null>(null);
  const [progress, setProgress] = useState<number | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const isBusy = progress !== null;

  function toggle(faceId: string) {
    const now = new Set(chosen);
    if (!now.delete(faceId)) now.add(faceId);
    setChosen(now);
  }

  /** Do it with one face after the other, and tell how many it was done with. */
  async function each(doIt: (face: KnownFace) => Promise<unknown>, told: (done: number) => string, to: string | null) {
    const faces = person.faces.filter(({ face_id }) => chosen.has(face_id));
    const done: KnownFace[] = [];
    const problems = new Set<string>();
    onSay("");
    for (const face of faces) {
      setProgress(done.length);
      await doIt(face).then(
        () => done.push(face),
        (error: unknown) => problems.add(codeOf(error)),
      );
    }
    setProgress(null);
    setAsked(null);
    setChosen(new Set(faces.filter((face) => !done.includes(face)).map(({ face_id }) => face_id)));
    const failed = [...problems].map((code) => texts.people.notDone(faces.length - done.length, why(code)));
    const words = [...(done.length > 0 ? [told(done.length)] : []), ...failed].join(" ");
    if (done.length > 0 && done.length === person.faces.length && !person.hasMore) {
      await onEmptied(to, words);
      return;
    }
    onSay(words);
    onChange();
    heading.current?.focus();
  }

  async function showBy(faceId: string) {
    setProgress(0);
    try {
      await around.client.ask("PATCH", person.path, { json: { cover: faceId } });
      setChosen(new Set());
      onSay(texts.people.covered);
      onChange();
    } catch (error) {
      onSay(texts.people.notSaved(why(codeOf(error))));
    }
    setProgress(null);
    heading.current?.focus();
  }

  const path = (face: KnownFace) => facePath(around.collection, face.face_id);
  const give = (to: string) =>
    each(
      (face) => around.client.ask("POST", `${path(face)}/reassign`, { json: { person: to } }),
      (done) => texts.people.given(done, to),
      to,
    );
  const name = person.person;
  const reject = () =>
    each(
      (face) => around.client.ask("POST", `${path(face)}/reject`, { json: { person: name } }),
      (done) => texts.people.rejected(done, name),
      null,
    );
  const erase = () =>
    each((face) => around.client.ask("DELETE", path(face)), texts.people.erased, null);

  return (
    <section aria-labelledby="faces">
      <h2 id="faces" ref={heading} tabIndex={-1}>
        {texts.people.facesHeading}
      </h2>
      <div class="buttons chosen" role="group" aria-label={texts.people.withChosen}>
        <span class="quiet" role="status">
          {texts.people.chosen(chosen.size)}
        </span>
        <button
          disabled={chosen.size === 0 || isBusy}
          aria-expanded={asked === "give"}
          onClick={() => setAsked(asked === "give" ? null : "give")}
        >
          {texts.people.give}
        </button>
        <button disabled={chosen.size !== 1 || isBusy} onClick={() => [...chosen].forEach((only) => void showBy(only))}>
          {texts.people.cover}
        </button>
        <button disabled={chosen.size === 0 || isBusy} onClick={() => setAsked("reject")}>
          {texts.people.reject}
        </button>
        {around.may("erase") && (
          <button class="danger" disabled={chosen.size === 0 || isBusy} onClick={() => setAsked("erase")}>
            {texts.people.erase}
          </button>
        )}
      </div>
      {asked === "give" && (
        <GiveForm
          around={around}
          from={name}
          isBusy={isBusy}
          onClose={() => setAsked(null)}
          onGive={(to) => void give(to)}
        />
      )}
      {isBusy && (
        <p class="busy" role="status">
          {texts.people.doing(progress + 1, chosen.size)}
        </p>
      )}
      {(asked === "reject" || asked === "erase") && (
        <Sure
          heading={
            asked === "reject"
              ? texts.people.rejectHeading(chosen.size, name)
              : texts.people.eraseHeading(chosen.size)
          }
          reason={asked === "reject" ? texts.people.rejectWhy : texts.people.eraseWhy}
          label={asked === "reject" ? texts.people.reject : texts.people.erase}
          progress={progress === null ? null : texts.people.doing(progress + 1, chosen.size)}
          onClose={() => setAsked(null)}
          onSure={() => void (asked === "reject" ? reject() : erase())}
        />
      )}
      <ul class="people">
        {person.faces.map((face, at) => (
          <li key={face.face_id}>
            <label class={`person pick${chosen.has(face.face_id) ? " on" : ""}`}>
              <Portrait
                crops={around.crops}
                path={cropPath(around.collection, face.face_id)}
                alt=""
                initial={String(at + 1)}
              />
              <span class="check">
                <input
                  type="checkbox"
                  checked={chosen.has(face.face_id)}
                  disabled={isBusy}
                  onChange={() => toggle(face.face_id)}
                />
                {texts.people.face(at + 1)}
              </span>
              {face.quality !== null && <span class="quiet">{texts.people.quality(face.quality)}</span>}
            </label>
          </li>
        ))}
      </ul>
      {person.hasMore && (
        <button class="more" disabled={person.isLoading} onClick={() => void person.more()}>
          {person.isLoading ? texts.loading : texts.people.moreFaces}
        </button>
      )}
    </section>
  );
}

interface SureProps {
  heading: string;
  reason: string;
  label: string;
  progress: string | null;
  onClose: () => void;
  onSure: () => void;
}

function Sure({ heading, reason, label, progress, onClose, onSure }: SureProps) {
  const isBusy = progress !== null;
  return (
    <Dialog heading={heading} isBusy={isBusy} onClose={onClose}>
      <p>{reason}</p>
      <p class={isBusy ? "busy" : ""} role="status">
        {progress}
      </p>
      <p class="buttons">
        <button disabled={isBusy} onClick={onClose}>
          {texts.people.cancel}
        </button>
        <button class="danger" disabled={isBusy} onClick={onSure}>
          {label}
        </button>
      </p>
    </Dialog>
  );
}
