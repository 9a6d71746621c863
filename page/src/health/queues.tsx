import type { Client } from "../client";
import { Problem } from "../shared/problem";
import { useAsked } from "../shared/asked";
import { texts } from "../texts";

const EVERY_MS = 10_000;

interface Queue {
  queue: string;
  waiting: number;
  in_flight: number;
  dead_letters: number;
}

/** What waits, what is in work, and what was given up. */
export function Queues({ client }: { client: Client }) {
  const { value, problem, isAsking, again } = useAsked(
    async () => (await client.ask<{ queues: Queue[] }>("GET", "/queues")).body.queues,
    [client],
    () => EVERY_MS,
  );
  const dead = value?.filter(({ dead_letters }) => dead_letters > 0) ?? [];
  return (
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
            {value.map((each) => (
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
  );
}
