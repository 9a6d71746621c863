import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { codeOf } from "../../client";
import { texts, why } from "../../texts";
import type { Around } from "../around";
import { nearerTo } from "./capturing";
import type { Nearer } from "./capturing";
import type { Shot } from "./poses";

interface Props {
  around: Around;
  name: string;
  shots: Shot[];
  onAgain: () => void;
  onEnrol: (photos: File[]) => void;
}

type Checked = { nearer: Nearer | null; problem: string | null };

/** Shows the frames that are kept, and warns if somebody else looks like them. */
export function ShotsReview({ around, name, shots, onAgain, onEnrol }: Props) {
  const [urls, setUrls] = useState<string[]>([]);
  const [checked, setChecked] = useState<Checked | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => heading.current?.focus(), []);
  useEffect(() => {
    const made = shots.map(({ jpeg }) => URL.createObjectURL(jpeg));
    setUrls(made);
    return () => made.forEach((url) => URL.revokeObjectURL(url));
  }, [shots]);
  useEffect(() => {
    let isCurrent = true;
    nearerTo(around.client, around.collection, name, shots)
      .then((nearer) => isCurrent && setChecked({ nearer, problem: null }))
      .catch((error: unknown) => isCurrent && setChecked({ nearer: null, problem: codeOf(error) }));
    return () => {
      isCurrent = false;
    };
  }, [around, name, shots]);

  const photos = () => shots.map(({ jpeg, pose }, at) => new File([jpeg], `${pose}-${at + 1}.jpg`, { type: "image/jpeg" }));
  const nearer = checked?.nearer ?? null;
  return (
    <>
      <h3 ref={heading} tabIndex={-1}>
        {texts.people.keptHeading(shots.length)}
      </h3>
      <ul class="shots">
        {shots.map((shot, at) => (
          <li key={at}>
            {urls[at] && <img src={urls[at]} alt={texts.people.shotAlt(texts.people.poses[shot.pose])} />}
            <span class="quiet">{texts.people.quality(shot.quality)}</span>
          </li>
        ))}
      </ul>
      <p class={checked ? "" : "busy"} role="status">
        {!checked && texts.people.comparing}
        {checked && !nearer && !checked.problem && texts.people.nobodyNearer}
      </p>
      <p class="warning" role="alert">
        {nearer && texts.people.nearer(nearer.person, nearer.similarity, name)}
        {checked?.problem && texts.people.notCompared(why(checked.problem))}
      </p>
      <p class="buttons">
        <button class={nearer ? "danger" : "main"} disabled={!checked} onClick={() => onEnrol(photos())}>
          {nearer ? texts.people.enrolAllTheSame(name) : texts.people.enrolShots(shots.length, name)}
        </button>
        <button onClick={onAgain}>{texts.people.takeAgain}</button>
      </p>
    </>
  );
}
