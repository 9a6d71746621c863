import { useEffect, useReducer, useState } from "preact/hooks";

import type { Collection, KeyDescription, Scope } from "../answers";
import type { Client } from "../client";
import { BatchesView } from "../batches/batches_view";
import { CollectionsView } from "../collections/collections_view";
import { CreateForm } from "../collections/create_form";
import { HealthView } from "../health/health_view";
import { LiveView } from "../live/live_view";
import { PeopleView } from "../people/people_view";
import { PhotosView } from "../photos/photos_view";
import { texts } from "../texts";
import { UnknownView } from "../unknown/unknown_view";
import { allows, knows, viewsFor } from "./allowed";
import { NoCollection } from "./no_collection";
import { DEFAULT, hashOf, placeOf } from "./place";
import type { Place } from "./place";

interface Props {
  client: Client;
  allowed: KeyDescription;
  onLeave: (() => void) | null;
}

export function Shell({ client, allowed, onLeave }: Props) {
  const may = (scope: Scope) => allows(allowed.scopes, scope);
  const views = viewsFor(allowed.scopes);
  const place = usePlace();
  const [collections, collectionsChanged] = useCollections(client);
  const shown = views.find((view) => view === place.view) ?? views[0];
  // A key may be for other collections than the one that is shown first.
  const isElsewhere = place.collection === DEFAULT && !knows(allowed.collections, DEFAULT);
  const drawn = isElsewhere && shown !== "batches" && shown !== "health" ? null : shown;
  const other = isElsewhere ? collections?.[0] : undefined;
  useEffect(() => {
    if (other !== undefined) location.replace(hashOf({ view: place.view, collection: other }));
  }, [other, place.view]);

  return (
    <>
      <a class="skip" href="#content" onClick={skip}>
        {texts.skip}
      </a>
      <header class="top">
        <span class="brand">{texts.title}</span>
        <nav aria-label={texts.viewsLabel}>
          {views.map((view) => (
            <a
              key={view}
              href={hashOf({ view, collection: place.collection })}
              aria-current={view === shown ? "page" : undefined}
            >
              {texts.views[view]}
            </a>
          ))}
        </nav>
        <div class="aside">
          {!isElsewhere && <CollectionChoice collections={collections ?? []} place={place} />}
          <a href="docs">{texts.api}</a>
          {onLeave && <button onClick={onLeave}>{texts.key.leave}</button>}
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        {drawn === null && (
          <NoCollection
            isLooking={collections === null}
            create={
              may("enrol") && (
                <CreateForm
                  client={client}
                  onCreated={(collection) => {
                    collectionsChanged();
                    location.hash = hashOf({ view: place.view, collection });
                  }}
                />
              )
            }
          />
        )}
        {drawn === "photos" && (
          <PhotosView
            key={place.collection}
            client={client}
            collection={place.collection}
            mayEnrol={may("enrol")}
          />
        )}
        {drawn === "live" && (
          <LiveView key={place.collection} client={client} collection={place.collection} />
        )}
        {drawn === "people" && (
          <PeopleView
            key={place.collection}
            client={client}
            collection={place.collection}
            shown={place.person ?? null}
            may={may}
          />
        )}
        {drawn === "unknown" && (
          <UnknownView key={place.collection} client={client} collection={place.collection} />
        )}
        {drawn === "batches" && <BatchesView client={client} />}
        {drawn === "collections" && (
          <CollectionsView
            client={client}
            collection={place.collection}
            may={may}
            addressOf={(collection) => hashOf({ view: "collections", collection })}
            onChange={collectionsChanged}
          />
        )}
        {drawn === "health" && (
          <HealthView
            client={client}
            isAdmin={may("admin")}
            batchesAddress={hashOf({ view: "batches", collection: place.collection })}
          />
        )}
      </main>
    </>
  );
}

/** A link to a part of the page would change the address, in which the view stands. */
function skip(event: Event) {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

function usePlace(): Place {
  const [place, setPlace] = useState(() => placeOf(location.hash));
  useEffect(() => {
    const follow = () => setPlace(placeOf(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return place;
}

/** Null until they are known. */
function useCollections(client: Client): [string[] | null, () => void] {
  const [ids, setIds] = useState<string[] | null>(null);
  const [round, next] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    client
      .ask<{ collections: Collection[] }>("GET", "/collections?limit=1000")
      .then(({ body }) => setIds(body.collections.map((each) => each.collection_id)))
      .catch(() => setIds([]));
  }, [client, round]);
  return [ids, () => next(undefined)];
}

function CollectionChoice({ collections, place }: { collections: string[]; place: Place }) {
  const ids = collections.includes(place.collection)
    ? collections
    : [place.collection, ...collections];
  return (
    <label class="choice">
      <span>{texts.collection}</span>
      <select
        value={place.collection}
        onChange={(event) => {
          location.hash = hashOf({ view: place.view, collection: event.currentTarget.value });
        }}
      >
        {ids.map((id) => (
          <option key={id} value={id}>
            {id}
          </option>
        ))}
      </select>
    </label>
  );
}
