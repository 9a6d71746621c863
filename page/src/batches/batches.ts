/** Batches as the service tells of them. */

import type { Client } from "../client";

const MOST = 100;

export interface Batch {
  batch_id: string;
  collection_id: string;
  accepted_at: string | null;
  total: number;
  done: number;
  failed: number;
  pending: number;
  photos_per_s: number | null;
  expected_end_at: string | null;
}

export interface Outcome {
  image_id: string;
  job_id: string;
  status: "done" | "failed" | "pending";
  faces: number | null;
  unindexed: number | null;
  error: { code: string } | null;
}

export interface BatchPage {
  batches: Batch[];
  hasMore: boolean;
}

/** Return the newest batches, so many or all. */
export async function newestBatches(client: Pick<Client, "ask">, wanted: number): Promise<BatchPage> {
  const batches: Batch[] = [];
  let token: string | null = null;
  do {
    const query: URLSearchParams = new URLSearchParams({
      limit: String(Math.min(MOST, wanted - batches.length)),
    });
    if (token) query.set("next_token", token);
    const { body } = await client.ask<{ batches: Batch[]; next_token: string | null }>(
      "GET",
      `/batches?${query}`,
    );
    batches.push(...body.batches);
    token = body.next_token;
  } while (token && batches.length < wanted);
  return { batches, hasMore: token !== null };
}

/** Tell whether somebody has to look at a photo: it failed, or a face of it was not added. */
export const needsALook = ({ status, faces, unindexed }: Outcome): boolean =>
  status === "failed" || (status === "done" && (faces === 0 || (unindexed ?? 0) > 0));

/** How many photos ended in each way: by the code of the failure, or as done. */
export function byKind(outcomes: readonly Outcome[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const { status, error } of outcomes) {
    const kind = status === "failed" ? (error?.code ?? "JOB_NOT_FOUND") : status;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].sort(([, one], [, other]) => other - one);
}
