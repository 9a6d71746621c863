import type { ComponentChildren, Ref } from "preact";
import { useState } from "preact/hooks";

import { texts } from "../texts";

interface Props {
  video: Ref<HTMLVideoElement>;
  isMirrored: boolean;
  /** What is drawn over it. */
  children: ComponentChildren;
}

/** The picture of the camera, at its own ratio. */
export function CameraPicture({ video, isMirrored, children }: Props) {
  const [ratio, setRatio] = useState(4 / 3);
  return (
    <div class="stage" style={{ "--ratio": ratio }}>
      <video
        ref={video}
        muted
        playsInline
        aria-label={texts.live.picture}
        class={isMirrored ? "mirrored" : ""}
        onResize={({ currentTarget }) => {
          if (currentTarget.videoHeight) setRatio(currentTarget.videoWidth / currentTarget.videoHeight);
        }}
      />
      {children}
    </div>
  );
}
