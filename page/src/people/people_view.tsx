import { useEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";

import type { Scope } from "../answers";
import type { Client } from "../client";
import { hashOf } from "../shell/place";
import { NEW } from "./around";
import type { Around, Changes } from "./around";
import { Crops } from "./crops";
import "./people.css";
import { NewPersonView } from "./enrol/new_person_view";
import { PeopleGrid } from "./people_grid";
import { PersonList } from "./person_list";
import { PersonView } from "./person_view";

interface Props {
  client: Client;
  collection: string;
  /** Id of the person who is shown; null shows all. */
  shown: string | null;
  may: (scope: Scope) => boolean;
}

interface Said {
  words: string;
  place: string | null;
}

export function PeopleView({ client, collection, shown, may }: Props) {
  const [, draw] = useReducer((count: number) => count + 1, 0);
  const list = useMemo(
    () => new PersonList(client, collection, () => draw(undefined)),
    [client, collection],
  );
  const around = useMemo<Around>(
    () => ({
      client,
      collection,
      crops: new Crops(client),
      may,
      addressOf: (person) => hashOf({ view: "people", collection, ...(person ? { person } : {}) }),
    }),
    [client, collection],
  );
  // The address has ids only; who was renamed here is asked for by name, which is faster.
  const names = useRef(new Map<string, string>());
  const left = useRef<string | null>(null);
  const isStale = useRef(true);
  const [said, setSaid] = useState<Said>({ words: "", place: null });

  useEffect(() => {
    if (shown !== null) {
      left.current = shown;
    } else if (isStale.current) {
      isStale.current = false;
      void (list.people.length > 0 ? list.refresh() : list.look());
    }
  }, [list, shown]);

  const changes = useMemo<Changes>(
    () => ({
      say: (words, place) => setSaid({ words, place }),
      renamed: ({ person_id, person }) => {
        isStale.current = true;
        names.current.set(person_id, person);
      },
      changed: () => {
        isStale.current = true;
      },
      gone: (personId) => {
        isStale.current = true;
        list.remove(personId);
      },
    }),
    [list],
  );

  const nameOf = (id: string) =>
    names.current.get(id) ?? list.people.find(({ person_id }) => person_id === id)?.person ?? "";
  const words = said.place === shown ? said.words : "";
  return (
    <>
      <PeopleGrid
        around={around}
        list={list}
        said={shown === null ? words : ""}
        isHidden={shown !== null}
        focused={left.current}
      />
      {shown === NEW && <NewPersonView around={around} changes={changes} />}
      {shown !== null && shown !== NEW && (
        <PersonView
          key={shown}
          around={around}
          named={{ person: nameOf(shown), person_id: shown }}
          said={words}
          changes={changes}
        />
      )}
    </>
  );
}
