import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import type { Receipt } from "../answers";
import { codeOf } from "../client";
import { texts, why } from "../texts";
import type { Around } from "./around";
import type { Forgotten } from "./forget_dialog";
import { cropPath } from "./person_paths";

interface Proof {
  receipt: Receipt | null;
  isCropGone: boolean | null;
  problem: string | null;
}

/** Shows that nothing is left: the receipt, and the address of a picture that is there no more. */
export function ForgottenView({ around, forgotten }: { around: Around; forgotten: Forgotten }) {
  const [proof, setProof] = useState<Proof | null>(null);
  const [attempt, setAttempt] = useState(0);
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => heading.current?.focus(), []);
  useEffect(() => {
    let isCurrent = true;
    setProof(null);
    void proved(around, forgotten).then((found) => isCurrent && setProof(found));
    return () => {
      isCurrent = false;
    };
  }, [around, forgotten, attempt]);

  const receipt = proof?.receipt;
  return (
    <section class="proof">
      <h1 ref={heading} tabIndex={-1}>
        {texts.people.forgotten(forgotten.person)}
      </h1>
      <div role="status">
        {!proof && <p class="busy">{texts.people.checking}</p>}
        {proof?.isCropGone && <p>{texts.people.cropGone}</p>}
        {proof?.isCropGone === false && <p class="problem">{texts.people.cropStays}</p>}
      </div>
      {proof?.problem && (
        <p class="problem" role="alert">
          {texts.people.notProved(why(proof.problem))}{" "}
          <button onClick={() => setAttempt(attempt + 1)}>{texts.tryAgain}</button>
        </p>
      )}
      {receipt && (
        <>
          <h2>{texts.people.proof}</h2>
          <dl class="facts">
            {Object.entries(texts.people.removed).map(([what, label]) => (
              <div key={what}>
                <dt>{label}</dt>
                <dd>{receipt.removed[what] ?? 0}</dd>
              </div>
            ))}
            <div>
              <dt>{texts.people.finishedAt}</dt>
              <dd>{new Date(receipt.finished_at).toLocaleString("en")}</dd>
            </div>
            <div class="long">
              <dt>{texts.people.receipt}</dt>
              <dd>{receipt.receipt_id}</dd>
            </div>
          </dl>
        </>
      )}
    </section>
  );
}

async function proved({ client, collection }: Around, forgotten: Forgotten): Promise<Proof> {
  const proof: Proof = { receipt: null, isCropGone: null, problem: null };
  try {
    const path = `/receipts/${encodeURIComponent(forgotten.receiptId)}`;
    proof.receipt = (await client.ask<Receipt>("GET", path)).body;
    if (forgotten.cover) {
      proof.isCropGone = await client.picture(cropPath(collection, forgotten.cover)).then(
        () => false,
        (error: unknown) => codeOf(error) === "FACE_NOT_FOUND" || null,
      );
    }
  } catch (error) {
    proof.problem = codeOf(error);
  }
  return proof;
}
