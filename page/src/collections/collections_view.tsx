import { useState } from "preact/hooks";

import type { Collection, Scope } from "../answers";
import { inPath } from "../client";
import type { Client } from "../client";
import { Problem } from "../shared/problem";
import { useAsked } from "../shared/asked";
import { texts } from "../texts";
import "./collections.css";
import { CollectionList } from "./collection_list";
import { CreateForm } from "./create_form";
import { Described } from "./described";
import { EraseForm } from "./erase_form";
import { Erased } from "./erased";
import { Export } from "./export";
import { SettingsForm } from "./settings_form";

const PAGE = 1000;

interface Props {
  client: Client;
  collection: string;
  may: (scope: Scope) => boolean;
  /** Return the address of this view with another collection. */
  addressOf: (collection: string) => string;
  /** There are other collections than before. */
  onChange: () => void;
}

export function CollectionsView({ client, collection, may, addressOf, onChange }: Props) {
  const [erased, setErased] = useState<{ collection: string; receipt: string } | null>(null);
  const list = useAsked(() => allCollections(client), [client]);
  const chosen = useAsked(
    async () => (await client.ask<Collection>("GET", `/collections/${inPath(collection)}`)).body,
    [client, collection],
  );

  function changed(then?: string) {
    list.again();
    onChange();
    if (then === undefined || then === collection) chosen.again();
    else location.hash = addressOf(then);
  }

  return (
    <>
      <h1>{texts.collections.heading}</h1>
      <p class="quiet lead">{texts.collections.what}</p>
      {erased && <Erased client={client} erased={erased} onClose={() => setErased(null)} />}
      <div class="halves">
        <section aria-labelledby="list">
          <h2 id="list">{texts.collections.all}</h2>
          {list.value === null && list.isAsking && <p class="busy">{texts.loading}</p>}
          <Problem code={list.problem} onAgain={list.again} />
          {list.value && <CollectionList all={list.value} chosen={collection} addressOf={addressOf} />}
        </section>
        <section class="one" aria-labelledby="chosen" aria-busy={chosen.isAsking}>
          <h2 id="chosen">
            <bdi>{collection}</bdi>
          </h2>
          {chosen.value === null && chosen.isAsking && <p class="busy">{texts.loading}</p>}
          <Problem code={chosen.problem} onAgain={chosen.again} />
          {chosen.value && (
            <>
              <Described collection={chosen.value} />
              {may("enrol") && (
                <SettingsForm
                  key={collection}
                  client={client}
                  collection={chosen.value}
                  onChanged={() => changed()}
                />
              )}
              <Export collection={collection} />
              {may("erase") && (
                <EraseForm
                  key={`erase ${collection}`}
                  client={client}
                  collection={chosen.value}
                  onErased={(receipt) => {
                    setErased({ collection, receipt });
                    changed("default");
                  }}
                />
              )}
            </>
          )}
        </section>
        {may("enrol") && <CreateForm client={client} onCreated={changed} />}
      </div>
    </>
  );
}

async function allCollections(client: Client): Promise<Collection[]> {
  const all: Collection[] = [];
  let token: string | null = null;
  do {
    const query: URLSearchParams = new URLSearchParams({ limit: String(PAGE) });
    if (token) query.set("next_token", token);
    const { body } = await client.ask<{ collections: Collection[]; next_token: string | null }>(
      "GET",
      `/collections?${query}`,
    );
    all.push(...body.collections);
    token = body.next_token;
  } while (token);
  return all;
}
