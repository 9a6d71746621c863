import { useEffect, useRef, useState } from "preact/hooks";

import { texts } from "../texts";
import type { Queue } from "./queues";

interface Props {
  queues: readonly Queue[];
  lastWorkAt: string | null;
}

/** What workers do, as far as the queues tell: workers announce themselves nowhere. */
export function Workers({ queues, lastWorkAt }: Props) {
  const jobs = queues.filter(({ queue }) => queue !== "webhook");
  const inWork = jobs.reduce((sum, { in_flight }) => sum + in_flight, 0);
  const waiting = jobs.reduce((sum, each) => sum + each.waiting, 0);
  const isStuck = useTwice(queues, waiting > 0 && inWork === 0);
  return (
    <section aria-labelledby="workers">
      <h2 id="workers">{texts.health.workers}</h2>
      <p class={isStuck ? "problem" : ""} role="status">
        {isStuck ? texts.health.stuck(waiting) : texts.health.work(inWork, waiting)}
      </p>
      <p class="quiet">
        {lastWorkAt === null ? texts.health.neverWorked : texts.health.lastWork(new Date(lastWorkAt))}{" "}
        {texts.health.uncounted}
      </p>
    </section>
  );
}

/** Tell whether it holds at two looks in a row: a photo that has just come waits for a moment. */
function useTwice(look: unknown, holds: boolean): boolean {
  const before = useRef(false);
  const [isSo, setIsSo] = useState(false);
  useEffect(() => {
    setIsSo(holds && before.current);
    before.current = holds;
  }, [look]);
  return isSo;
}
