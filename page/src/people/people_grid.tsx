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

const TYPING_MS = 250;

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
  useFocusOn(isHidden ? null : focused);
  const isEmpty = list.isComplete && list.count === 0 && !list.isLoading;
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
          <button onClick={() => void (list.count > 0 ? list.more() : list.look())}>
            {texts.tryAgain}
          </button>
        </p>
      )}
      <ul class="people" aria-label={texts.people.list} aria-busy={list.isLoading}>
        {list.pages.map((page) => (
          <Page key={page[0]?.person_id} page={page} around={around} />
        ))}
      </ul>
      {!list.isComplete && list.count > 0 && <More list={list} />}
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
        {list.isLoading ? texts.loading : texts.people.shown(list.count, list.isComplete)}
      </p>
    </form>
  );
}

/** A page is drawn once, however many follow it. */
const Page = memo(function Page({ page, around }: { page: Person[]; around: Around }) {
  return (
    <>
      {page.map((each) => (
        <li key={each.person_id}>
          <a class="person" data-person={each.person_id} href={around.addressOf(each.person_id)}>
            <Portrait
              crops={around.crops}
              path={cropPath(around.collection, each.cover)}
              alt=""
              initial={initialOf(each.person)}
            />
            <bdi class="name">{each.person}</bdi>
            <span class="quiet">{texts.people.faces(each.faces)}</span>
          </a>
        </li>
      ))}
    </>
  );
});

/** Loads the next page when it comes near, or when it is pressed. */
function More({ list }: { list: PersonList }) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!button.current || list.problem) return;
    const near = new IntersectionObserver(
      (seen) => {
        if (seen.some(({ isIntersecting }) => isIntersecting)) void list.more();
      },
      { rootMargin: "1200px" },
    );
    near.observe(button.current);
    return () => near.disconnect();
  }, [list, list.count, list.problem]);
  return (
    <button ref={button} class="more" disabled={list.isLoading} onClick={() => void list.more()}>
      {list.isLoading ? texts.loading : texts.people.more}
    </button>
  );
}

/** Who comes back from a person goes on where they were. */
function useFocusOn(personId: string | null): void {
  useEffect(() => {
    if (personId === null) return;
    const link = document.querySelector<HTMLElement>(`[data-person="${CSS.escape(personId)}"]`);
    link?.focus();
    if (!link) document.getElementById("content")?.focus();
  }, [personId]);
}
