import { useMemo, useState } from "preact/hooks";

import { codeOf, inPath } from "../client";
import type { Client } from "../client";
import { Crops } from "../people/crops";
import { Portrait } from "../people/portrait";
import { Problem } from "../shared/problem";
import { texts } from "../texts";
import { useGroups } from "./groups";

const SHOWN = 6;

interface Props {
  client: Client;
  collection: string;
}

/** Groups that somebody ignored, each with a way back. */
export function IgnoredGroups({ client, collection }: Props) {
  const listing = useGroups(client, collection, true);
  const crops = useMemo(() => new Crops(client), [client]);
  const [shownAgain, setShownAgain] = useState<readonly string[]>([]);
  const [busy, setBusy] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const groups = listing.groups?.filter(({ group_id }) => !shownAgain.includes(group_id)) ?? null;

  async function showAgain(groupId: string) {
    setBusy(groupId);
    setProblem(null);
    try {
      await client.ask("POST", `/collections/${inPath(collection)}/groups/${groupId}/unignore`);
      setShownAgain((before) => [...before, groupId]);
    } catch (error) {
      setProblem(codeOf(error));
    }
    setBusy(null);
  }

  return (
    <>
      <p role="status" class="quiet">
        {listing.isLoading && <span class="busy">{texts.loading}</span>}
        {!listing.isLoading && shownAgain.length > 0 && texts.unknown.shownAgain(shownAgain.length)}
      </p>
      <Problem code={problem ?? listing.problem} onAgain={listing.again} />
      {groups?.length === 0 && !listing.hasMore && <p class="drop">{texts.unknown.noneIgnored}</p>}
      <ul class="groups">
        {groups?.map((group) => (
          <li key={group.group_id} class="group card">
            <h2>{texts.unknown.faces(group.size)}</h2>
            <ul class="crops">
              {group.faces.slice(0, SHOWN).map((face, at) => (
                <li key={face.face_id}>
                  <Portrait crops={crops} path={face.image} alt={texts.unknown.face(at + 1)} initial="?" />
                </li>
              ))}
            </ul>
            <button disabled={busy !== null} onClick={() => void showAgain(group.group_id)}>
              {texts.unknown.showAgain}
            </button>
          </li>
        ))}
      </ul>
      {listing.hasMore && (
        <button disabled={listing.isLoading} onClick={listing.more}>
          {texts.unknown.more}
        </button>
      )}
    </>
  );
}
