import { useState } from "preact/hooks";

import type { Box, ImageSize } from "../answers";
import { texts } from "../texts";

export interface Framed {
  box: Box;
  label: string;
  isKnown: boolean;
  /** Where the person is shown; null if that is not known. */
  href: string | null;
}

interface Props {
  url: string | null;
  alt: string;
  size: ImageSize | null;
  faces: Framed[];
}

const percent = (part: number, whole: number) => `${(100 * part) / whole}%`;

/** A picture with boxes; where the browser can't draw it, the boxes stand on a plain ground. */
export function Picture({ url, alt, size, faces }: Props) {
  const [cannotDraw, setCannotDraw] = useState(false);
  const ratio = size ? size.width / size.height : 4 / 3;
  return (
    <div class="picture">
      <div class="frame" style={{ "--ratio": ratio }}>
        {url && !cannotDraw && (
          <img src={url} alt={alt} loading="lazy" decoding="async" onError={() => setCannotDraw(true)} />
        )}
        {size &&
          faces.map(({ box, label, isKnown, href }, at) => {
            const look = {
              class: `box ${isKnown ? "known" : "unknown"}`,
              style: {
                left: percent(box.left, size.width),
                top: percent(box.top, size.height),
                width: percent(box.width, size.width),
                height: percent(box.height, size.height),
              },
            };
            const shown = <bdi aria-hidden="true">{label}</bdi>;
            return href === null ? (
              <div key={at} {...look}>
                {shown}
              </div>
            ) : (
              <a key={at} {...look} href={href} aria-label={texts.photos.show(label)}>
                {shown}
              </a>
            );
          })}
      </div>
      {cannotDraw && <p class="plain">{texts.photos.cannotDraw}</p>}
    </div>
  );
}
