/** Groups of unnamed faces, page by page. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { codeOf, inPath } from "../client";
import type { Client } from "../client";

const PAGE = 20;

export interface GroupFace {
  face_id: string;
  image: string;
}

export interface Group {
  group_id: string;
  size: number;
  /** The first hundred. */
  faces: GroupFace[];
  suggestion: { person: string; similarity: number } | null;
}

interface GroupPage {
  groups: Group[];
  pending: number;
  next_token: string | null;
}

export interface Listing {
  groups: Group[] | null;
  /** New faces that are in no group yet. */
  pending: number;
  hasMore: boolean;
  isLoading: boolean;
  problem: string | null;
  more: () => void;
  again: () => void;
}

export function useGroups(client: Client, collection: string, ignored: boolean): Listing {
  const [groups, setGroups] = useState<Group[] | null>(null);
  const [pending, setPending] = useState(0);
  const [next, setNext] = useState<string | null>(null);
  const [isLoading, setIsLoading] = useState(true);
  const [problem, setProblem] = useState<string | null>(null);
  const newest = useRef(0);

  const load = useCallback(
    async (token: string | null) => {
      const mine = ++newest.current;
      setIsLoading(true);
      setProblem(null);
      const query = new URLSearchParams({ ignored: String(ignored), limit: String(PAGE) });
      if (token) query.set("next_token", token);
      try {
        const path = `/collections/${inPath(collection)}/groups?${query}`;
        const { body } = await client.ask<GroupPage>("GET", path);
        if (mine !== newest.current) return;
        setGroups((before) => joined(token ? before : null, body.groups));
        setPending(body.pending);
        setNext(body.next_token);
      } catch (error) {
        if (mine !== newest.current) return;
        setProblem(codeOf(error));
      }
      setIsLoading(false);
    },
    [client, collection, ignored],
  );
  useEffect(() => {
    setGroups(null);
    void load(null);
    return () => void (newest.current += 1);
  }, [load]);

  return {
    groups,
    pending,
    hasMore: next !== null,
    isLoading,
    problem,
    more: () => void load(next),
    again: () => void load(null),
  };
}

/** Add a page; a group that grew meanwhile may come twice. */
function joined(before: Group[] | null, page: Group[]): Group[] {
  const known = new Set(before?.map(({ group_id }) => group_id));
  return [...(before ?? []), ...page.filter(({ group_id }) => !known.has(group_id))];
}
