import { useEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";

import { DropZone } from "../../photos/drop_zone";
import { enrolment } from "../../photos/enrolling";
import { isPhoto } from "../../photos/files";
import { Failures, Progress } from "../../photos/progress";
import { Uploads } from "../../photos/uploads";
import { texts } from "../../texts";
import type { Around } from "../around";
import { CameraEnrol } from "./camera_enrol";

interface Props {
  around: Around;
  /** Whose the photos are; empty until somebody says so. */
  name: string;
  onNameless: () => void;
  /** Photos are on their way, so the name has to stay. */
  onBegun?: () => void;
  /** All photos have ended, and some are enrolled. */
  onEnrolled: () => void;
  /** The photos of before have been put away. */
  onCleared?: () => void;
}

/** Enrols one person by photos or by the camera. */
export function EnrolPanel({ around, name, onNameless, onBegun, onEnrolled, onCleared }: Props) {
  const { client, collection } = around;
  const [, draw] = useReducer((count: number) => count + 1, 0);
  const [round, startAgain] = useReducer((count: number) => count + 1, 0);
  const [leftOut, setLeftOut] = useState(0);
  const [hasCamera, setHasCamera] = useState(false);
  const camera = useRef<HTMLButtonElement>(null);
  const uploads = useMemo(
    () => new Uploads(client, enrolment(collection, name), () => draw(undefined)),
    [client, collection, name, round],
  );
  useEffect(() => () => uploads.stop(), [uploads]);

  const total = uploads.all.length;
  const hasEnded = total > 0 && uploads.ended === total;
  useEffect(() => {
    if (hasEnded && uploads.failed < total) onEnrolled();
  }, [uploads, hasEnded, uploads.failed, total]);

  function add(files: File[]) {
    const photos = files.filter(isPhoto);
    setLeftOut(files.length - photos.length);
    if (photos.length === 0) return;
    if (!name) return onNameless();
    onBegun?.();
    uploads.add(photos);
  }

  function closeCamera() {
    setHasCamera(false);
    camera.current?.focus();
  }

  return (
    <section class="enrol" aria-labelledby="enrol">
      <h2 id="enrol">{texts.people.enrolHeading}</h2>
      <DropZone onFiles={add} isSmall />
      <p class="quiet" role="status">
        {leftOut > 0 && texts.photos.skipped(leftOut)}
      </p>
      {around.may("recognise") && (
        <button
          ref={camera}
          class="use-camera"
          aria-expanded={hasCamera}
          onClick={() => (hasCamera ? closeCamera() : name ? setHasCamera(true) : onNameless())}
        >
          {texts.people.useCamera}
        </button>
      )}
      {hasCamera && <CameraEnrol around={around} name={name} onEnrol={add} onClose={closeCamera} />}
      {total > 0 && (
        <Progress
          uploads={uploads}
          finished={texts.people.enrolledPhotos}
          onClear={() => {
            startAgain(undefined);
            onCleared?.();
          }}
        />
      )}
      <Failures uploads={uploads} heading={texts.people.notEnrolled} />
    </section>
  );
}
