import { useState } from "preact/hooks";

import { texts } from "../texts";

interface Props {
  problem: string | null;
  onKey: (key: string) => void;
}

export function KeyForm({ problem, onKey }: Props) {
  const [typed, setTyped] = useState("");
  return (
    <main class="centre">
      <h1>{texts.key.heading}</h1>
      <p class="quiet">{texts.key.why}</p>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (typed.trim()) onKey(typed.trim());
        }}
      >
        <label>
          {texts.key.label}
          <input
            type="password"
            autocomplete="off"
            spellcheck={false}
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </label>
        <button class="main" type="submit">
          {texts.key.open}
        </button>
      </form>
      <p class="problem" role="alert">
        {problem}
      </p>
    </main>
  );
}
