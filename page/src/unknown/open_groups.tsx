import type { RefObject } from "preact";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";

import type { Client } from "../client";
import { Crops } from "../people/crops";
import { Problem } from "../shared/problem";
import { texts } from "../texts";
import { GroupCard } from "./group_card";
import type { Listing } from "./groups";
import { useGroups } from "./groups";
import { SelectionBar } from "./selection_bar";
import { UNDO, useSorting } from "./sorting";
import type { Sorting } from "./sorting";
import { UndoBar } from "./undo_bar";

interface Props {
  client: Client;
  collection: string;
}

/** The groups that are to be named or ignored, biggest first. */
export function OpenGroups({ client, collection }: Props) {
  const listing = useGroups(client, collection, false);
  const sorting = useSorting(client, collection, listing);
  const crops = useMemo(() => new Crops(client), [client]);
  const feed = useRef<HTMLDivElement>(null);
  useFocus(feed, sorting);
  const { groups, chosen } = sorting;
  return (
    <>
      {groups.length > 0 && <p class="quiet keys">{texts.unknown.help}</p>}
      <State listing={listing} sorting={sorting} />
      {groups.length > 0 && (
        <div
          ref={feed}
          role="feed"
          aria-label={texts.unknown.heading}
          class="groups"
          aria-busy={listing.isLoading}
          onKeyDown={(event) => onKey(event, sorting)}
        >
          {groups.map((group, at) => (
            <GroupCard
              key={group.group_id}
              group={group}
              place={at + 1}
              total={listing.hasMore ? -1 : groups.length}
              client={client}
              collection={collection}
              crops={crops}
              isSelected={chosen.includes(group)}
              leftOut={sorting.leftOut(group.group_id)}
              refused={sorting.decisions.refused.get(group.group_id) ?? null}
              onSelect={() => sorting.select(group.group_id)}
              onLeaveOut={(faceId) => sorting.leaveOut(group.group_id, faceId)}
              onName={(person) => sorting.name([group], person)}
              onIgnore={() => sorting.ignore([group])}
            />
          ))}
        </div>
      )}
      {groups.length > 0 && (
        <p class="buttons">
          {listing.hasMore && (
            <button disabled={listing.isLoading} onClick={listing.more}>
              {texts.unknown.more}
            </button>
          )}
          <button disabled={listing.isLoading} onClick={listing.again}>
            {texts.unknown.lookAgain}
          </button>
        </p>
      )}
      <div class="bars">
        <SelectionBar
          client={client}
          collection={collection}
          groups={chosen}
          onConfirm={() => sorting.name(chosen)}
          onIgnore={() => sorting.ignore(chosen)}
          onName={(person) => sorting.name(chosen, person)}
          onClear={sorting.selectNone}
        />
        <UndoBar decisions={sorting.decisions} onUndo={sorting.undo} />
      </div>
    </>
  );
}

/** What there is to say of the list, also when it is empty. */
function State({ listing, sorting }: { listing: Listing; sorting: Sorting }) {
  const { groups, decisions } = sorting;
  const isListed = (groupId: string) => groups.some(({ group_id }) => group_id === groupId);
  const outdated = [...decisions.refused.keys()].filter((groupId) => !isListed(groupId)).length;
  const isEmpty = listing.groups !== null && groups.length === 0 && !listing.hasMore;
  return (
    <>
      <p class="quiet" role="status">
        {listing.isLoading && <span class="busy">{texts.loading}</span>}
        {listing.pending > 0 && texts.unknown.pending(listing.pending)}
      </p>
      <Problem code={listing.problem} onAgain={listing.again} />
      <p class="problem" role="alert">
        {outdated > 0 && texts.unknown.outdated(outdated)}
      </p>
      {isEmpty && listing.problem === null && (
        <div class="drop">
          <p>{texts.unknown.nobody}</p>
          <p class="quiet">{texts.unknown.whence}</p>
          <button disabled={listing.isLoading} onClick={listing.again}>
            {texts.unknown.lookAgain}
          </button>
        </div>
      )}
    </>
  );
}

/**
 * Put the focus where it has to go, once that is there.
 *
 * In the same step in which a card goes: a key that is pressed before the next frame counts, too.
 */
function useFocus(feed: RefObject<HTMLElement | null>, { wanted, focus }: Sorting) {
  useLayoutEffect(() => {
    if (wanted === null) return;
    const found =
      wanted === UNDO
        ? document.getElementById(UNDO)
        : feed.current?.querySelector<HTMLElement>(`[data-group="${wanted}"]`);
    found?.focus();
    focus(null);
  }, [wanted]);
}

/** The keys count while a card has the focus, not one of its buttons or fields. */
function onKey(event: KeyboardEvent, sorting: Sorting) {
  const card = event.target as HTMLElement;
  const at = sorting.groups.findIndex(({ group_id }) => group_id === card.dataset.group);
  const group = sorting.groups[at];
  if (!group || event.ctrlKey || event.metaKey || event.altKey) return;
  const { chosen } = sorting;
  const keys: Record<string, () => void> = {
    ArrowDown: () => sorting.focus(sorting.groups[at + 1]?.group_id ?? null),
    ArrowUp: () => sorting.focus(sorting.groups[at - 1]?.group_id ?? null),
    " ": () => sorting.select(group.group_id),
    Enter: () => (chosen.length > 0 ? sorting.name(chosen) : press(card, "confirm")),
    i: () => sorting.ignore(chosen.length > 0 ? chosen : [group]),
    n: () => press(card, "name"),
    u: sorting.undo,
  };
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

/** Press a button of a card; the one for a name where nobody is suggested. */
function press(card: HTMLElement, action: string) {
  const button = (wanted: string) =>
    card.querySelector<HTMLButtonElement>(`[data-action=${wanted}]`);
  (button(action) ?? button("name"))?.click();
}
