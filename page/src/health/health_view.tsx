import type { Client } from "../client";
import { AWAY } from "../client";
import { useAsked } from "../shared/asked";
import { texts } from "../texts";
import "./health.css";
import { Queues } from "./queues";
import { Troubles } from "./troubles";

const EVERY_MS = 10_000;

interface Readiness {
  galleries: Record<string, string>;
  limits: string;
}

interface Props {
  client: Client;
  isAdmin: boolean;
  /** Address of the view Batches. */
  batchesAddress: string;
}

export function HealthView({ client, isAdmin, batchesAddress }: Props) {
  const { value, problem, told, isAsking, again } = useAsked(
    async () => {
      const { body } = await client.ask<Readiness>("GET", "/ready");
      return { ...body, at: new Date() };
    },
    [client],
    () => EVERY_MS,
  );
  return (
    <>
      <h1>{texts.health.heading}</h1>
      <div role="status" class={problem ? "state problem" : "state"}>
        {value === null && problem === null && <p class="busy">{texts.loading}</p>}
        {value !== null && problem === null && <p>{texts.health.ready}</p>}
        {problem === AWAY && <p>{texts.health.away}</p>}
        {problem !== null && problem !== AWAY && (
          <p>
            {texts.health.notReady}: {told}
          </p>
        )}
      </div>
      <p class="buttons">
        {value && <span class="quiet">{texts.health.checked(value.at)}</span>}
        <button disabled={isAsking} onClick={again}>
          {texts.unknown.lookAgain}
        </button>
      </p>
      {isAdmin ? (
        <>
          <Queues client={client} />
          <Troubles client={client} batchesAddress={batchesAddress} />
        </>
      ) : (
        <p class="quiet">{texts.health.adminOnly}</p>
      )}
      {value && <Memory readiness={value} />}
      <section aria-labelledby="unseen">
        <h2 id="unseen">{texts.health.unseen}</h2>
        <ul class="points">
          {texts.health.unseenWhat.map((each) => (
            <li key={each}>{each}</li>
          ))}
        </ul>
      </section>
    </>
  );
}

function Memory({ readiness }: { readiness: Readiness }) {
  const galleries = Object.entries(readiness.galleries);
  return (
    <>
      <section aria-labelledby="galleries">
        <h2 id="galleries">{texts.health.galleries}</h2>
        {galleries.length === 0 && <p class="quiet">{texts.health.noGallery}</p>}
        <ul class="rows">
          {galleries.map(([collection, state]) => (
            <li key={collection}>
              <bdi>{collection}</bdi>
              <span class="quiet">{texts.health.states[state] ?? state}</span>
            </li>
          ))}
        </ul>
      </section>
      <section aria-labelledby="limits">
        <h2 id="limits">{texts.health.limits}</h2>
        <p>{texts.health.limitStates[readiness.limits] ?? readiness.limits}</p>
      </section>
    </>
  );
}
