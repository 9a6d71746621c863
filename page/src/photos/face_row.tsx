import { useState } from "preact/hooks";

import type { NamedFace } from "../answers";
import type { Client } from "../client";
import { texts } from "../texts";
import { enrol } from "./enrolling";

interface Props {
  face: NamedFace;
  number: number;
  /** Null if the photo is not here, so that nobody can be enrolled from it. */
  file: File | null;
  client: Client;
  collection: string;
  mayEnrol: boolean;
}

const WARNINGS: Record<string, string> = {
  POOR_FACE: texts.photos.poor,
  NOT_SEARCHED: texts.photos.notSearched,
  NAMED_ELSEWHERE: texts.photos.namedElsewhere,
};

/** One face of a photo: its name, how sure it is, and a way to say whose it is. */
export function FaceRow({ face, number, file, client, collection, mayEnrol }: Props) {
  const [isAsking, setIsAsking] = useState(false);
  const [name, setName] = useState("");
  const [told, setTold] = useState("");
  const [isBusy, setIsBusy] = useState(false);

  async function save(file: File) {
    setIsBusy(true);
    setTold(texts.photos.enrolling);
    setTold(await enrol(client, { collection, name: name.trim(), file, box: face.box }));
    setIsBusy(false);
    setIsAsking(false);
  }

  return (
    <li>
      <p class="face">
        {face.name === null ? (
          <span>
            {texts.photos.face(number)}: {texts.photos.unknown}
          </span>
        ) : (
          <bdi class="name">{face.name}</bdi>
        )}
        {face.name !== null && face.similarity !== null && (
          <span class="quiet">{texts.photos.similarity(face.similarity)}</span>
        )}
        {mayEnrol && file && !isAsking && (
          <button class="link" onClick={() => setIsAsking(true)}>
            {face.name === null ? texts.photos.whoIsThis : texts.photos.someoneElse}
          </button>
        )}
      </p>
      {face.warning && <p class="quiet">{WARNINGS[face.warning] ?? face.warning}</p>}
      {isAsking && file && (
        <form
          class="row"
          onSubmit={(event) => {
            event.preventDefault();
            if (name.trim()) void save(file);
          }}
        >
          <label>
            <span class="hidden">{texts.photos.name}</span>
            <input
              ref={focused}
              placeholder={texts.photos.name}
              maxLength={100}
              value={name}
              onInput={(event) => setName(event.currentTarget.value)}
            />
          </label>
          <button class="main" type="submit" disabled={isBusy}>
            {texts.photos.enrol}
          </button>
        </form>
      )}
      <p class="quiet" role="status">
        {told}
      </p>
    </li>
  );
}

function focused(input: HTMLInputElement | null) {
  input?.focus();
}
