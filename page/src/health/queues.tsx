import type { Client } from "../client";
import { Problem } from "../shared/problem";
import { useAsked } from "../shared/asked";
import { texts } from "../texts";
import { Workers } from "./workers";

const EVERY_MS = 10_000;

export interface Queue {
  queue: string;
  waiting: number;
  in_flight: number;
  dead_letters: number;
}

interface Backlog {
  queues: Queue[];
  last_work_at: string | null;
}

/** What waits, what is in work, what was given up, and what workers do as far as that tells. */
export function Queues({ client }: { client: Client }) {
  const { value, problem, isAsking, again } = useAsked(
    async () => (await client.ask<Backlog>("GET", "/queues")).body,
    [client],
    () => EVERY_MS,
  );
  const dead = value?.queues.filter(({ dead_letters }) => dead_letters > 0) ?? [];
  return (
    <>
      {value && <Workers queues={value.queues} lastWorkAt={value.last_work_at} />}
      <section aria-labelledby="queues">
        <h2 id="queues">{texts.health.queues}</h2>
        {value === null && isAsking && <p class="busy">{texts.loading}</p>}
        <Problem code={problem} onAgain={again} />
        {value && (
          <table>
            <thead>
              <tr>
                <th scope="col">{texts.health.queue}</th>
                <th scope="col">{texts.health.waiting}</th>
                <th scope="col">{texts.health.inFlight}</th>
                <th scope="col">{texts.health.deadLetters}</th>
              </tr>
            </thead>
            <tbody>
              {value.queues.map((each) => (
                <tr key={each.queue}>
                  <th scope="row">{texts.health.kinds[each.queue] ?? each.queue}</th>
                  <td>{each.waiting.toLocaleString("en")}</td>
                  <td>{each.in_flight.toLocaleString("en")}</td>
                  <td class={each.dead_letters > 0 ? "problem" : ""}>
                    {each.dead_letters.toLocaleString("en")}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {dead.length > 0 && (
          <>
            <p class="problem" role="alert">
              {texts.health.deadAdvice}
            </p>
            <pre tabIndex={0}>{dead.map(({ queue }) => texts.health.deadCommand(queue)).join("\n")}</pre>
      
    </>
      )}
    </section>
    </>
  );
}
