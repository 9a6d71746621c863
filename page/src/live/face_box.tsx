import type { ImageSize } from "../answers";
import { texts } from "../texts";
import type { Track } from "./tracks";

interface Props {
  track: Track;
  size: ImageSize;
  isMirrored: boolean;
}

/** The box of a face over the video, with its name and how sure it is. */
export function FaceBox({ track, size, isMirrored }: Props) {
  const { box, name, similarity, state } = track;
  const left = isMirrored ? size.width - box.left - box.width : box.left;
  // The name stays inside the picture.
  const side = left + box.width / 2 > size.width / 2 ? "from-right" : "";
  const end = box.top + box.height > 0.85 * size.height ? "inside" : "";
  return (
    <div
      class={`box ${state}`}
      data-state={state}
      style={{
        left: `${(100 * left) / size.width}%`,
        top: `${(100 * box.top) / size.height}%`,
        width: `${(100 * box.width) / size.width}%`,
        height: `${(100 * box.height) / size.height}%`,
      }}
    >
      <span class={`tag ${side} ${end}`}>
        <bdi>{name ?? texts.photos.unknown}</bdi>
        {name !== null && ` · ${texts.live.states[state]}`}
        {similarity !== null && ` · ${similarity.toFixed(0)} %`}
      </span>
    </div>
  );
}
