import { useEffect, useRef, useState } from "preact/hooks";

import type { Client } from "../client";
import { texts, why } from "../texts";
import { BoundsForm } from "./bounds_form";
import { NoCamera, frames, looksOutwards, openCamera } from "./camera";
import { CameraPicture } from "./camera_picture";
import type { CameraProblem } from "./camera";
import { FaceBox } from "./face_box";
import { BOUNDS } from "./judging";
import type { Flaw } from "./judging";
import "./live.css";
import { keepLooking } from "./looking";
import type { Seen } from "./looking";
import { useJudge } from "./use_judge";

interface Props {
  client: Client;
  collection: string;
}

export function LiveView({ client, collection }: Props) {
  const video = useRef<HTMLVideoElement>(null);
  const [stream, setStream] = useState<MediaStream | null>(null);
  const [isOpening, setIsOpening] = useState(false);
  const [problem, setProblem] = useState<CameraProblem | null>(null);
  const [isMirrored, setIsMirrored] = useState(true);
  const [seen, setSeen] = useState<Seen | null>(null);
  const [bounds, setBounds] = useState(BOUNDS);
  const { judge, finder } = useJudge(stream !== null, bounds);

  useEffect(() => {
    const shown = video.current;
    if (!stream || !shown) return;
    shown.srcObject = stream;
    void shown.play().catch(() => undefined);
    stream.getVideoTracks()[0]?.addEventListener("ended", () => setStream(null));
    return () => stream.getTracks().forEach((track) => track.stop());
  }, [stream]);
  useEffect(() => {
    const shown = video.current;
    if (!stream || !shown || !judge) return;
    const stop = new AbortController();
    void keepLooking({ client, collection, newest: frames(shown, judge), onSeen: setSeen, signal: stop.signal });
    return () => stop.abort();
  }, [stream, judge, client, collection]);

  async function start() {
    setIsOpening(true);
    setProblem(null);
    setSeen(null);
    try {
      const opened = await openCamera();
      setIsMirrored(!looksOutwards(opened));
      setStream(opened);
    } catch (error) {
      setProblem(error instanceof NoCamera ? error.problem : "busy");
    }
    setIsOpening(false);
  }

  if (!stream) {
    return (
      <>
        <h1>{texts.live.heading}</h1>
        <div class="drop">
          <p>{texts.live.consent}</p>
          <button class="main" disabled={isOpening} onClick={() => void start()}>
            {isOpening ? texts.live.opening : texts.live.start}
          </button>
          <p class="problem" role="alert">
            {problem && texts.live.problems[problem]}
          </p>
        </div>
      </>
    );
  }
  return (
    <>
      <h1>{texts.live.heading}</h1>
      <div class="live">
        <CameraPicture video={video} isMirrored={isMirrored}>
          {seen?.size &&
            seen.tracks.map((track) => (
              <FaceBox key={track.id} track={track} size={seen.size!} isMirrored={isMirrored} />
            ))}
        </CameraPicture>
        <div class="told">
          <h2>{texts.live.inView}</h2>
          <ul class="in-view" aria-live="polite">
            {seen?.tracks
              .filter(({ name }) => name !== null)
              .map(({ id, name, state }) => (
                <li key={id}>
                  <bdi class="name">{name}</bdi> <span class="quiet">{texts.live.states[state]}</span>
                </li>
              ))}
          </ul>
          <p class="quiet">{texts.live.counts(seen?.sent ?? 0, toldOf(seen?.skipped ?? {}))}</p>
          <p class="held" role="status">
            {seen?.problem && texts.live.goesOn(why(seen.problem))}
          </p>
          <p class="buttons">
            <button onClick={() => setStream(null)}>{texts.live.stop}</button>
            <label class="check">
              <input
                type="checkbox"
                checked={isMirrored}
                onChange={(event) => setIsMirrored(event.currentTarget.checked)}
              />
              {texts.live.mirror}
            </label>
          </p>
          {finder !== "service" && <BoundsForm bounds={bounds} onChange={setBounds} />}
          <p class={finder === "nobody" ? "quiet busy" : "quiet"}>{texts.live.whoLooks[finder]}</p>
        </div>
      </div>
    </>
  );
}

const toldOf = (skipped: Partial<Record<Flaw, number>>) =>
  Object.entries(skipped).map(([flaw, count]) => [texts.live.flaws[flaw as Flaw], count] as const);
