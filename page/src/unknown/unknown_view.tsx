import { useState } from "preact/hooks";

import type { Client } from "../client";
import { texts } from "../texts";
import { IgnoredGroups } from "./ignored_groups";
import { OpenGroups } from "./open_groups";
import "./unknown.css";

interface Props {
  client: Client;
  collection: string;
}

export function UnknownView({ client, collection }: Props) {
  const [isOfIgnored, setIsOfIgnored] = useState(false);
  const Groups = isOfIgnored ? IgnoredGroups : OpenGroups;
  return (
    <>
      <h1>{texts.unknown.heading}</h1>
      <p class="buttons choices">
        {[false, true].map((ignored) => (
          <button
            key={String(ignored)}
            aria-pressed={isOfIgnored === ignored}
            onClick={() => setIsOfIgnored(ignored)}
          >
            {ignored ? texts.unknown.ignored : texts.unknown.open}
          </button>
        ))}
      </p>
      <Groups client={client} collection={collection} />
    </>
  );
}
