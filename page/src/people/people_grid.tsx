import { memo } from "preact/compat";
import { useEffect, useRef, useState } from "preact/hooks";

import type { Person } from "../answers";
import { texts, why } from "../texts";
import { NEW } from "./around";
import type { Around } from "./around";
import { ORDERS } from "./person_list";
import type { Order, PersonList } from "./person_list";
import { cropPath } from "./person_paths";
import { Portrait, initialOf } from "./portrait";
import { useWindow } from "./window";

const TYPING_MS = 250;
/** So many people before the end, the next page is asked for. */
const NEAR_THE_END = 60;

interface Props {
  around: Around;
  list: PersonList;
  said: string;
  /** Whether a person is shown instead; the grid stays as it is, so that going back is quick. */
  isHidden: boolean;
  /** Id of the person from whom the visitor comes back. */
  focused: string | null;
}

export function PeopleGrid({ around, list, said, isHidden, focused }: Props) {
  const isEmpty = list.isComplete && list.people.length === 0 && !list.isLoading;
  return (
    <div hidden={isHidden}>
      <h1>{texts.people.heading}</h1>
      <p class="said" role="status">
        {said}
      </p>
      <p class="buttons above">
        <a class="button main" data-person={NEW} href={around.addressOf(NEW)}>
          {texts.people.newPerson}
        </a>
      </p>
      <Search list={list} />
      {isEmpty && (
        <p class="empty">
          {list.prefix ? texts.people.nobodyCalled(list.prefix) : texts.people.nobody}
        </p>
      )}
      {list.problem && (
        <p class="problem" role="alert">
          {texts.people.notListed(why(list.problem))}{" "}
          <button onClick={() => void (list.people.length > 0 ? list.more() : list.look())}>
            {texts.tryAgain}
          </button>
        </p>
      )}
      <Cards around={around} list={list} focused={isHidden ? null : focused} />
      {!list.isComplete && list.people.length > 0 && (
        <button class="more" disabled={list.isLoading} onClick={() => void list.more()}>
          {list.isLoading ? texts.loading : texts.people.more}
        </button>
      )}
    </div>
  );
}

function Search({ list }: { list: PersonList }) {
  const [typed, setTyped] = useState(list.prefix);
  useEffect(() => {
    if (typed.trim() === list.prefix) return;
    const timer = setTimeout(() => void list.look(typed.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [list, typed]);
  const nothingCame = list.problem !== null && list.people.length === 0;
  return (
    <form class="search" role="search" onSubmit={(event) => event.preventDefault()}>
      <label>
        {texts.people.search}
        <input
          type="search"
          dir="auto"
          autocomplete="off"
          maxLength={100}
          placeholder={texts.people.searchHint}
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      </label>
      <label>
        {texts.people.sort}
        <select
          value={list.order}
          onChange={(event) => void list.look(list.prefix, event.currentTarget.value as Order)}
        >
          {ORDERS.map((order) => (
            <option key={order} value={order}>
              {texts.people.orders[order]}
            </option>
          ))}
        </select>
      </label>
      <p class={list.isLoading ? "quiet busy" : "quiet"} role="status">
        {list.isLoading && texts.loading}
        {!list.isLoading && !nothingCame && texts.people.shown(list.people.length, list.isComplete)}
      </p>
    </form>
  );
}

interface CardsProps {
  around: Around;
  list: PersonList;
  focused: string | null;
}

/** Draws the people who are seen, and asks for more of them near the end. */
function Cards({ around, list, focused }: CardsProps) {
  const grid = useRef<HTMLUListElement>(null);
  const { people } = list;
  const { part, showRowOf } = useWindow(grid, people.length);
  useEffect(() => {
    if (part.to > people.length - NEAR_THE_END && !list.problem) void list.more();
  }, [list, part.to, people.length, list.isLoading]);
  // Who comes back from a person goes on where they were.
  useEffect(() => {
    if (focused === null) return;
    const at = people.findIndex(({ person_id }) => person_id === focused);
    if (at >= 0) showRowOf(at);
    const frame = requestAnimationFrame(() => requestAnimationFrame(() => focusOn(focused)));
    return () => cancelAnimationFrame(frame);
  }, [focused]);

  return (
    <ul
      ref={grid}
      class="people all"
      aria-label={texts.people.list}
      aria-busy={list.isLoading}
      style={{ paddingTop: `${part.abovePx}px`, paddingBottom: `${part.belowPx}px` }}
    >
      {people.slice(part.from, part.to).map((person, at) => (
        <Card
          key={person.person_id}
          person={person}
          position={part.from + at + 1}
          of={list.isComplete ? people.length : -1}
          around={around}
        />
      ))}
    </ul>
  );
}

interface CardProps {
  person: Person;
  position: number;
  /** How many there are; -1 while that is not known. */
  of: number;
  around: Around;
}

const Card = memo(function Card({ person, position, of, around }: CardProps) {
  return (
    <li aria-posinset={position} aria-setsize={of}>
      <a class="person" data-person={person.person_id} href={around.addressOf(person.person_id)}>
        <Portrait
          crops={around.crops}
          path={cropPath(around.collection, person.cover)}
          alt=""
          initial={initialOf(person.person)}
        />
        <bdi class="name">{person.person}</bdi>
        <span class="quiet">{texts.people.faces(person.faces)}</span>
      </a>
    </li>
  );
});

function focusOn(personId: string): void {
  const link = document.querySelector<HTMLElement>(`[data-person="${CSS.escape(personId)}"]`);
  (link ?? document.getElementById("content"))?.focus();
}
