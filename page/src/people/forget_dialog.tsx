import { useState } from "preact/hooks";

import { codeOf } from "../client";
import { texts, why } from "../texts";
import type { Around } from "./around";
import { Dialog } from "./dialog";
import type { PersonOnView } from "./person";

/** What is known of an erasure when it is over. */
export interface Forgotten {
  person: string;
  receiptId: string;
  /** Id of a face of which the page had a picture. */
  cover: string | null;
}

interface Props {
  around: Around;
  person: PersonOnView;
  onClose: () => void;
  onForgotten: (what: Forgotten) => void;
}

/** Tells what is erased, and erases it only then. */
export function ForgetDialog({ around, person, onClose, onForgotten }: Props) {
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  async function forget() {
    setIsBusy(true);
    setProblem(null);
    const { cover } = person;
    try {
      const { headers } = await around.client.ask("DELETE", person.path);
      const receiptId = headers.get("Receipt")?.split("/").at(-1) ?? "";
      onForgotten({ person: person.person, receiptId, cover });
    } catch (error) {
      setProblem(texts.people.notForgotten(why(codeOf(error))));
      setIsBusy(false);
    }
  }

  return (
    <Dialog
      heading={texts.people.forgetHeading(person.person)}
      isBusy={isBusy}
      onClose={onClose}
    >
      <p>{texts.people.forgetWhat}</p>
      <ul class="points">
        {texts.people.forgets(person.count).map((each) => (
          <li key={each}>{each}</li>
        ))}
      </ul>
      <p class="quiet">{texts.people.forgetNot}</p>
      <p class={isBusy ? "busy" : ""} role="status">
        {isBusy && texts.people.forgetting}
      </p>
      <p class="problem" role="alert">
        {problem}
      </p>
      <p class="buttons">
        <button disabled={isBusy} onClick={onClose}>
          {texts.people.cancel}
        </button>
        <button class="danger" disabled={isBusy} onClick={() => void forget()}>
          {texts.people.forget}
        </button>
      </p>
    </Dialog>
  );
}
