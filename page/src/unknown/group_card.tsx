import { useRef, useState } from "preact/hooks";

import type { Client } from "../client";
import type { Crops } from "../people/crops";
import { Portrait } from "../people/portrait";
import { texts, why } from "../texts";
import type { Group } from "./groups";
import { NamingForm } from "./naming_form";
import { SuggestedFace } from "./suggested_face";

const SHOWN = 12;

interface Props {
  group: Group;
  place: number;
  total: number;
  client: Client;
  collection: string;
  crops: Crops;
  isSelected: boolean;
  /** Ids of its faces that are somebody else's. */
  leftOut: readonly string[];
  refused: string | null;
  onLeaveOut: (faceId: string) => void;
  onSelect: () => void;
  onName: (person: string) => void;
  onIgnore: () => void;
}

/** One group: its faces, who it may be, and what to do with it. The keys are the view's. */
export function GroupCard(props: Props) {
  const { group, place, total, client, collection, crops, isSelected, leftOut, refused, onName } = props;
  const card = useRef<HTMLElement>(null);
  const [isNaming, setIsNaming] = useState(false);
  const [isWhole, setIsWhole] = useState(false);
  const { suggestion } = group;
  const heading = `group-${group.group_id}`;
  const isNobody = leftOut.length === group.size;

  return (
    <article
      ref={card}
      class={`group card${isSelected ? " selected" : ""}`}
      tabIndex={0}
      data-group={group.group_id}
      aria-labelledby={heading}
      aria-posinset={place}
      aria-setsize={total}
    >
      <header>
        <label class="check">
          <input type="checkbox" checked={isSelected} onChange={props.onSelect} />
          <span class="hidden">{texts.unknown.select}</span>
        </label>
        <div>
          <h2 id={heading}>
            {texts.unknown.faces(group.size)}
            {suggestion && (
              <>
                {" · "}
                {texts.unknown.maybe} <bdi>{suggestion.person}</bdi>
              </>
            )}
          </h2>
          {suggestion && <p class="quiet">{texts.photos.similarity(suggestion.similarity)}</p>}
        </div>
      </header>
      <div class="compared">
        {suggestion && (
          <SuggestedFace
            client={client}
            collection={collection}
            crops={crops}
            person={suggestion.person}
          />
        )}
        <ul class="crops" aria-label={texts.unknown.leaveOut}>
          {group.faces.slice(0, isWhole ? undefined : SHOWN).map((face, at) => (
            <li key={face.face_id}>
              <button
                class="crop-choice"
                aria-pressed={leftOut.includes(face.face_id)}
                title={texts.unknown.notTheirs}
                onClick={() => props.onLeaveOut(face.face_id)}
              >
                <Portrait crops={crops} path={face.image} alt={texts.unknown.face(at + 1)} initial="?" />
                {leftOut.includes(face.face_id) && <span class="mark">{texts.unknown.leftOut}</span>}
              </button>
            </li>
          ))}
        </ul>
      </div>
      {!isWhole && group.faces.length > SHOWN && (
        <button class="link" onClick={() => setIsWhole(true)}>
          {texts.unknown.showAll(group.faces.length)}
        </button>
      )}
      <p class="problem" role="alert">
        {refused !== null && texts.notDone(why(refused))}
      </p>
      {isNaming ? (
        <NamingForm
          id={`names-${group.group_id}`}
          client={client}
          collection={collection}
          label={texts.unknown.whoIs}
          onName={onName}
          onCancel={() => {
            setIsNaming(false);
            card.current?.focus();
          }}
        />
      ) : (
        <p class="buttons">
          {suggestion && (
            <button
              class="main"
              data-action="confirm"
              disabled={isNobody}
              onClick={() => onName(suggestion.person)}
            >
              {texts.unknown.yes} <bdi>{suggestion.person}</bdi>
            </button>
          )}
          <button data-action="name" disabled={isNobody} onClick={() => setIsNaming(true)}>
            {suggestion ? texts.photos.someoneElse : texts.photos.whoIsThis}
          </button>
          <button data-action="ignore" onClick={props.onIgnore}>
            {texts.unknown.ignore(leftOut.length > 0 ? group.size : null)}
          </button>
          {leftOut.length > 0 && <span class="quiet">{texts.unknown.without(leftOut.length)}</span>}
        </p>
      )}
    </article>
  );
}
