import { useEffect, useState } from "preact/hooks";
import { memo } from "preact/compat";

import type { NamedFace } from "../answers";
import type { Client } from "../client";
import { texts } from "../texts";
import { FaceRow } from "./face_row";
import type { PersonLinks } from "./person_links";
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
  /** Null if people can't be shown. */
  links: PersonLinks | null;
}

export const PhotoCard = memo(function PhotoCard(props: Props) {
  const { upload, file, client, collection, mayEnrol, links } = props;
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    if (file === null) return;
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);

  const { result } = upload;
  const addresses = useAddresses(links, result?.faces ?? []);
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
          href: (face.name !== null && addresses.get(face.name)) || null,
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

/** The addresses of the people on a photo, as they become known. */
function useAddresses(links: PersonLinks | null, faces: readonly NamedFace[]): ReadonlyMap<string, string> {
  const [addresses, setAddresses] = useState<ReadonlyMap<string, string>>(new Map());
  const names = [...new Set(faces.flatMap(({ name }) => (name === null ? [] : [name])))];
  useEffect(() => {
    let isCurrent = true;
    for (const name of names) {
      void links?.of(name).then((address) => {
        if (isCurrent && address) setAddresses((before) => new Map(before).set(name, address));
      });
    }
    return () => {
      isCurrent = false;
    };
  }, [links, names.join("\n")]);
  return addresses;
}
