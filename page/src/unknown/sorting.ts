/** What is selected, left out and decided of the groups that are listed. */

import { useEffect, useMemo, useReducer, useState } from "preact/hooks";

import type { Client } from "../client";
import { Decisions } from "./decisions";
import type { Choice } from "./decisions";
import type { Group, Listing } from "./groups";

/** Stands for the button that undoes, where the focus goes when no group is left. */
export const UNDO = "undo";

export interface Sorting {
  groups: Group[];
  chosen: Group[];
  decisions: Decisions;
  leftOut: (groupId: string) => readonly string[];
  /** Which group, or `UNDO`, the focus has to go to. */
  wanted: string | null;
  focus: (groupId: string | null) => void;
  select: (groupId: string) => void;
  selectNone: () => void;
  leaveOut: (groupId: string, faceId: string) => void;
  /** Name groups; without a name each as is suggested for it. */
  name: (groups: Group[], person?: string) => void;
  ignore: (groups: Group[]) => void;
  undo: () => void;
}

type LeftOut = Readonly<Record<string, readonly string[]>>;

export function useSorting(client: Client, collection: string, listing: Listing): Sorting {
  const decisions = useDecisions(client, collection);
  const [selected, setSelected] = useState<readonly string[]>([]);
  const [leftOut, setLeftOut] = useState<LeftOut>({});
  const [wanted, setWanted] = useState<string | null>(null);
  const groups = (listing.groups ?? []).filter(({ group_id }) => !decisions.isDecided(group_id));

  useEffect(() => {
    if (decisions.refused.size > 0) listing.again();
  }, [decisions.refused.size]);
  useEffect(() => {
    if (groups.length === 0 && listing.hasMore && !listing.isLoading) listing.more();
  }, [groups.length, listing.hasMore, listing.isLoading]);

  function decide(choices: Choice[]) {
    if (choices.length === 0) return;
    const gone = new Set(choices.map(({ groupId }) => groupId));
    setSelected((before) => before.filter((id) => !gone.has(id)));
    setWanted(nextTo(gone, groups) ?? UNDO);
    decisions.decide(choices);
  }

  return {
    groups,
    chosen: groups.filter(({ group_id }) => selected.includes(group_id)),
    decisions,
    leftOut: (groupId) => leftOut[groupId] ?? [],
    wanted,
    focus: setWanted,
    select: (groupId) => setSelected((before) => toggled(before, groupId)),
    selectNone: () => setSelected([]),
    leaveOut: (groupId, faceId) =>
      setLeftOut((before) => ({ ...before, [groupId]: toggled(before[groupId] ?? [], faceId) })),
    name: (several, person) => decide(several.flatMap((group) => namedAs(group, person, leftOut))),
    ignore: (several) =>
      decide(several.map(({ group_id, size }) => ({ groupId: group_id, faces: size, verdict: "ignored" }))),
    undo: () => setWanted(decisions.undo()[0] ?? null),
  };
}

function useDecisions(client: Client, collection: string): Decisions {
  const [, draw] = useReducer((count: number) => count + 1, 0);
  const decisions = useMemo(
    () => new Decisions(client, collection, () => draw(undefined)),
    [client, collection],
  );
  useEffect(() => {
    const leave = () => decisions.leave();
    addEventListener("pagehide", leave);
    return () => {
      removeEventListener("pagehide", leave);
      leave();
    };
  }, [decisions]);
  return decisions;
}

/** A group without a suggestion, or of which all is left out, gets no name. */
function namedAs(group: Group, person: string | undefined, leftOut: LeftOut): Choice[] {
  const without = leftOut[group.group_id] ?? [];
  const name = person ?? group.suggestion?.person;
  const faces = group.size - without.length;
  if (name === undefined || faces === 0) return [];
  return [{ groupId: group.group_id, faces, verdict: { person: name, without } }];
}

/** The group behind the first that goes, or else the last that stays. */
function nextTo(gone: ReadonlySet<string>, groups: Group[]): string | undefined {
  const stays = ({ group_id }: Group) => !gone.has(group_id);
  const first = groups.findIndex((group) => !stays(group));
  return (groups.slice(first).find(stays) ?? groups.findLast(stays))?.group_id;
}

const toggled = (ids: readonly string[], id: string) =>
  ids.includes(id) ? ids.filter((each) => each !== id) : [...ids, id];
