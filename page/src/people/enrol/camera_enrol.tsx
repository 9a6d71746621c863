import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { codeOf } from "../../client";
import { NoCamera, frames, looksOutwards, openCamera } from "../../live/camera";
import type { CameraProblem } from "../../live/camera";
import { asAWhole } from "../../live/judging";
import { CameraPicture } from "../../live/camera_picture";
import { texts, why } from "../../texts";
import type { Around } from "../around";
import { Capture, NOTHING } from "./capturing";
import type { Taking } from "./capturing";
import { best } from "./poses";
import type { Shot } from "./poses";
import { ShotsReview } from "./shots_review";
import { TakingGuide } from "./taking_guide";

interface Props {
  around: Around;
  name: string;
  onEnrol: (photos: File[]) => void;
  onClose: () => void;
}

/** Takes a face from the camera: front, left and right, and the best of what it saw. */
export function CameraEnrol({ around, name, onEnrol, onClose }: Props) {
  const [stream, setStream] = useState<MediaStream | null>(null);
  const [problem, setProblem] = useState<CameraProblem | null>(null);
  const [shots, setShots] = useState<Shot[] | null>(null);
  const [round, setRound] = useState(0);
  const section = useRef<HTMLElement>(null);

  useEffect(() => {
    let opened: MediaStream | null = null;
    let isCurrent = true;
    setProblem(null);
    openCamera()
      .then((camera) => {
        opened = camera;
        if (isCurrent) setStream(camera);
        else stop(camera);
      })
      .catch((error: unknown) => {
        if (isCurrent) setProblem(error instanceof NoCamera ? error.problem : "busy");
      });
    return () => {
      isCurrent = false;
      stop(opened);
    };
  }, [round]);
  useLayoutEffect(() => section.current?.focus(), []);

  function again() {
    setShots(null);
    setStream(null);
    setRound(round + 1);
  }

  return (
    <section ref={section} tabIndex={-1} class="taking" aria-label={texts.people.cameraLabel}>
      {shots ? (
        <ShotsReview
          around={around}
          name={name}
          shots={shots}
          onAgain={again}
          onEnrol={(photos) => {
            onEnrol(photos);
            onClose();
          }}
        />
      ) : stream ? (
        <Shooting
          around={around}
          stream={stream}
          onShots={(taken) => {
            stop(stream);
            setStream(null);
            setShots(best(taken));
          }}
        />
      ) : (
        <>
          <p class={problem ? "" : "busy"} role="status">
            {!problem && texts.live.opening}
          </p>
          <p class="problem" role="alert">
            {problem && texts.live.problems[problem]}
          </p>
        </>
      )}
      <p class="buttons">
        {problem && <button onClick={again}>{texts.tryAgain}</button>}
        <button onClick={onClose}>{texts.people.cancel}</button>
      </p>
    </section>
  );
}

function stop(stream: MediaStream | null) {
  stream?.getTracks().forEach((track) => track.stop());
}

interface ShootingProps {
  around: Around;
  stream: MediaStream;
  onShots: (shots: Shot[]) => void;
}

function Shooting({ around, stream, onShots }: ShootingProps) {
  const video = useRef<HTMLVideoElement>(null);
  const capture = useRef<Capture | null>(null);
  const [taking, setTaking] = useState<Taking>(NOTHING);
  const isMirrored = !looksOutwards(stream);

  useEffect(() => {
    const shown = video.current;
    if (!shown) return;
    const ended = new AbortController();
    shown.srcObject = stream;
    void shown.play().catch(() => undefined);
    const running = new Capture({
      client: around.client,
      newest: frames(shown, asAWhole()),
      onTaken: setTaking,
      signal: ended.signal,
    });
    capture.current = running;
    void running.run().catch((error: unknown) => {
      setTaking((before) => ({ ...before, problem: codeOf(error) }));
    });
    return () => ended.abort();
  }, [around, stream]);
  useEffect(() => {
    if (taking.pose === null) onShots(taking.shots);
  }, [taking]);

  const { face, size } = taking;
  const left = face && size && (isMirrored ? size.width - face.box.left - face.box.width : face.box.left);
  return (
    <div class="live">
      <CameraPicture video={video} isMirrored={isMirrored}>
        {face && size && left !== null && (
          <div
            class={`box ${taking.hint === null ? "known" : "unknown"}`}
            style={{
              left: `${(100 * left) / size.width}%`,
              top: `${(100 * face.box.top) / size.height}%`,
              width: `${(100 * face.box.width) / size.width}%`,
              height: `${(100 * face.box.height) / size.height}%`,
            }}
          />
        )}
      </CameraPicture>
      <TakingGuide taking={taking} onSkip={() => capture.current?.skip()} problem={taking.problem && why(taking.problem)} />
    </div>
  );
}
