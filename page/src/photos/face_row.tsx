import { useRef, useState } from "preact/hooks";

import type { NamedFace } from "../answers";
import type { Client } from "../client";
import { texts } from "../texts";
import { enrol } from "./enrolling";
import { NameQuestion, RejectQuestion } from "./face_questions";
import { reject } from "./rejecting";

interface Props {
  face: NamedFace;
  number: number;
  /** Null if the photo is not here, so that nothing can be said of it. */
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

/** One face of a photo: its name, how sure it is, and ways to say whose it is and whose not. */
export function FaceRow({ face, number, file, client, collection, mayEnrol }: Props) {
  const [asked, setAsked] = useState<"name" | "reject" | null>(null);
  const [told, setTold] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  const row = useRef<HTMLParagraphElement>(null);
  const { name } = face;

  async function say(meanwhile: string, saying: Promise<string>) {
    setIsBusy(true);
    setTold(meanwhile);
    setTold(await saying);
    setIsBusy(false);
    close();
  }

  function close() {
    setAsked(null);
    row.current?.focus();
  }

  return (
    <li>
      <p class="face" ref={row} tabIndex={-1}>
        {name === null ? (
          <span>
            {texts.photos.face(number)}: {texts.photos.unknown}
          </span>
        ) : (
          <bdi class="name">{name}</bdi>
        )}
        {name !== null && face.similarity !== null && (
          <span class="quiet">{texts.photos.similarity(face.similarity)}</span>
        )}
        {mayEnrol && file && asked === null && (
          <span class="says">
            {name !== null && (
              <button class="link" onClick={() => setAsked("reject")}>
                {texts.photos.notThem(name)}
              </button>
            )}
            <button class="link" onClick={() => setAsked("name")}>
              {name === null ? texts.photos.whoIsThis : texts.photos.someoneElse}
            </button>
          </span>
        )}
      </p>
      {face.warning && <p class="quiet">{WARNINGS[face.warning] ?? face.warning}</p>}
      {asked === "name" && file && (
        <NameQuestion
          isBusy={isBusy}
          onClose={close}
          onName={(typed) =>
            void say(texts.photos.enrolling, enrol(client, { collection, file, box: face.box }, typed))
          }
        />
      )}
      {asked === "reject" && file && name !== null && (
        <RejectQuestion
          name={name}
          isBusy={isBusy}
          onClose={close}
          onSure={() =>
            void say(texts.photos.rejecting, reject(client, { collection, file, box: face.box }, name))
          }
        />
      )}
      <p class={isBusy ? "quiet busy" : "quiet"} role="status">
        {told}
      </p>
    </li>
  );
}
