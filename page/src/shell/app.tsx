import { useCallback, useEffect, useMemo, useState } from "preact/hooks";

import type { KeyDescription } from "../answers";
import { Client, ServiceError, codeOf } from "../client";
import { texts, why } from "../texts";
import { KeyForm } from "./key_form";
import { Shell } from "./shell";
import { forgetPhotos } from "../photos/memory";
import { keepKey, keptKey } from "./session";

/** The page: a key if the service needs one, then the views that it allows. */
export function App({ needsKey }: { needsKey: boolean }) {
  const [key, setKey] = useState(needsKey ? keptKey() : null);
  const [allowed, setAllowed] = useState<KeyDescription | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);

  const leave = useCallback((message: string | null) => {
    keepKey(null);
    setKey(null);
    setAllowed(null);
    setProblem(message);
  }, []);
  const client = useMemo(() => new Client(key, () => leave(texts.key.wrong)), [key, leave]);

  useEffect(() => {
    if (needsKey && key === null) {
      forgetPhotos(); // only now: the view that has just gone wrote them once more
      return;
    }
    let isCurrent = true;
    client
      .ask<KeyDescription>("GET", "/key")
      .then(({ body }) => {
        if (!isCurrent) return;
        if (key !== null) keepKey(key);
        setProblem(null);
        setAllowed(body);
      })
      .catch((error: unknown) => {
        if (!isCurrent || (error instanceof ServiceError && error.code.startsWith("KEY_"))) return;
        setProblem(why(codeOf(error)));
      });
    return () => {
      isCurrent = false;
    };
  }, [client, needsKey, key, attempt]);

  if (needsKey && key === null) return <KeyForm problem={problem} onKey={setKey} />;
  if (allowed === null) {
    return (
      <main class="centre">
        <h1>{texts.title}</h1>
        {problem ? (
          <p role="alert">
            {problem}. <button onClick={() => setAttempt(attempt + 1)}>{texts.tryAgain}</button>
          </p>
        ) : (
          <p class="quiet">{texts.loading}</p>
        )}
      </main>
    );
  }
  return <Shell client={client} allowed={allowed} onLeave={needsKey ? () => leave(null) : null} />;
}
