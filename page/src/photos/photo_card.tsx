import { useEffect, useState } from "preact/hooks";
import { memo } from "preact/compat";

import type { Client } from "../client";
import { texts } from "../texts";
import { FaceRow } from "./face_row";
import { Picture } from "./picture";
import type { Upload } from "./uploads";

interface Props {
  upload: Upload;
  /** Beside the upload, which changes in place, so that a change is seen. */
  state: Upload["state"];
  file: Upload["file"];
  client: Client;
  collection: string;
  mayEnrol: boolean;
}

export const PhotoCard = memo(function PhotoCard(props: Props) {
  const { upload, file, client, collection, mayEnrol } = props;
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    if (file === null) return;
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);

  const { result } = upload;
  return (
    <li class="card">
      <Picture
        url={url}
        alt={texts.photos.alt(upload.name, result?.faces.length ?? 0)}
        size={result?.image ?? null}
        faces={(result?.faces ?? []).map((face, at) => ({
          box: face.box,
          label: face.name ?? String(at + 1),
          isKnown: face.name !== null,
        }))}
      />
      <div class="told">
        <p class="file quiet">{upload.name}</p>
        {upload.state === "waiting" && <p class="quiet">{texts.photos.waiting}</p>}
        {upload.state === "sending" && <p class="busy">{texts.photos.sending}</p>}
        {result && result.faces.length === 0 && <p>{texts.photos.noFace}</p>}
        {result && result.faces.length > 0 && (
          <ul class="faces">
            {result.faces.map((face, at) => (
              <FaceRow
                key={at}
                face={face}
                number={at + 1}
                file={file}
                client={client}
                collection={collection}
                mayEnrol={mayEnrol}
              />
            ))}
          </ul>
        )}
      </div>
    </li>
  );
});
