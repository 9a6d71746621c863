import type { Batch } from "../batches/batches";
import type { Client } from "../client";
import { Problem } from "../shared/problem";
import { useAsked } from "../shared/asked";
import { texts } from "../texts";

const EVERY_MS = 30_000;
const BATCHES = 20;

interface Webhook {
  webhook_id: string;
  url: string;
  state: "active" | "failing" | "disabled";
  failing_since: string | null;
}

/** What failed lately, as far as calls of the service list it. */
export function Troubles({ client, batchesAddress }: { client: Client; batchesAddress: string }) {
  const { value, problem, isAsking, again } = useAsked(
    async () => {
      const [batches, webhooks] = await Promise.all([
        client.ask<{ batches: Batch[] }>("GET", `/batches?limit=${BATCHES}`),
        client.ask<{ webhooks: Webhook[] }>("GET", "/webhooks"),
      ]);
      return {
        failed: batches.body.batches.filter(({ failed }) => failed > 0),
        webhooks: webhooks.body.webhooks.filter(({ state }) => state !== "active"),
      };
    },
    [client],
    () => EVERY_MS,
  );
  const photos = value?.failed.reduce((sum, { failed }) => sum + failed, 0) ?? 0;
  return (
    <section aria-labelledby="troubles">
      <h2 id="troubles">{texts.health.troubles}</h2>
      {value === null && isAsking && <p class="busy">{texts.loading}</p>}
      <Problem code={problem} onAgain={again} />
      {value && photos === 0 && value.webhooks.length === 0 && <p>{texts.health.noTroubles}</p>}
      {photos > 0 && value && (
        <p>
          {texts.health.failedPhotos(photos, value.failed.length)}{" "}
          <a href={batchesAddress}>{texts.health.whyFailed}</a>
        </p>
      )}
      <ul class="rows">
        {value?.webhooks.map(({ webhook_id, url, state, failing_since }) => (
          <li key={webhook_id}>
            <span>{new URL(url).host}</span>
            <span class="problem">
              {texts.health.webhook(state, failing_since === null ? null : new Date(failing_since))}
            </span>
            <span class="quiet">{texts.health.webhookWhy(webhook_id)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
