import { useEffect, useMemo, useReducer, useState } from "preact/hooks";

import type { Collection } from "../answers";
import type { Client } from "../client";
import { inPath } from "../client";
import { texts } from "../texts";
import { DropZone } from "./drop_zone";
import { isPhoto } from "./files";
import { PhotoCard } from "./photo_card";
import { TabMemory } from "./memory";
import { PersonLinks } from "./person_links";
import { Failures, Progress } from "./progress";
import { Uploads, recognition } from "./uploads";

const PAGE = 24;

interface Props {
  client: Client;
  collection: string;
  mayEnrol: boolean;
}

export function PhotosView({ client, collection, mayEnrol }: Props) {
  const [, draw] = useReducer((count: number) => count + 1, 0);
  const [round, startAgain] = useReducer((count: number) => count + 1, 0);
  const [shown, setShown] = useState(PAGE);
  const [leftOut, setLeftOut] = useState(0);
  const uploads = useMemo(
    () =>
      new Uploads(
        client,
        recognition(collection),
        () => draw(undefined),
        new TabMemory(collection),
      ),
    [client, collection, round],
  );
  useEffect(() => {
    uploads.start();
    return () => uploads.stop();
  }, [uploads]);

  const links = useMemo(() => new PersonLinks(client, collection), [client, collection, round]);
  const isEmpty = useIsEmpty(client, collection);

  function add(files: File[]) {
    const photos = files.filter(isPhoto);
    setLeftOut(files.length - photos.length);
    uploads.add(photos);
  }

  const results = uploads.all.filter(({ state }) => state !== "failed" && state !== "lost");
  return (
    <>
      <h1>{texts.photos.heading}</h1>
      <DropZone onFiles={add} isSmall={uploads.all.length > 0} />
      <p class="quiet" role="status">
        {leftOut > 0 && texts.photos.skipped(leftOut)}
      </p>
      {isEmpty && uploads.all.length === 0 && <p class="empty">{texts.photos.nobody}</p>}
      {uploads.all.length > 0 && (
        <Progress
          uploads={uploads}
          finished={texts.photos.finished}
          onClear={() => {
            setShown(PAGE);
            uploads.clear();
            startAgain(undefined);
          }}
        />
      )}
      <Failures uploads={uploads} heading={texts.photos.failures} />
      {results.length > 0 && (
        <section aria-labelledby="results">
          <h2 id="results">{texts.photos.results}</h2>
          <ul class="cards">
            {results.slice(0, shown).map((upload) => (
              <PhotoCard
                key={`${round}-${upload.id}`}
                upload={upload}
                state={upload.state}
                file={upload.file}
                client={client}
                collection={collection}
                mayEnrol={mayEnrol}
                links={mayEnrol ? links : null}
              />
            ))}
          </ul>
          {results.length > shown && (
            <button onClick={() => setShown(shown + PAGE)}>
              {texts.photos.more(Math.min(PAGE, results.length - shown))}
            </button>
          )}
        </section>
      )}
    </>
  );
}

/** Tell whether nobody is enrolled. */
function useIsEmpty(client: Client, collection: string): boolean {
  const [isEmpty, setIsEmpty] = useState(false);
  useEffect(() => {
    client
      .ask<Collection>("GET", `/collections/${inPath(collection)}`)
      .then(({ body }) => setIsEmpty(body.persons === 0))
      .catch(() => setIsEmpty(false));
  }, [client, collection]);
  return isEmpty;
}
