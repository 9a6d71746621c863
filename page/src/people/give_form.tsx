import { useState } from "preact/hooks";

import { texts } from "../texts";
import type { Around } from "./around";
import { NameField } from "./name_field";

interface Props {
  around: Around;
  /** Whose the faces are so far. */
  from: string;
  isBusy: boolean;
  onClose: () => void;
  onGive: (to: string) => void;
}

/** Asks who the chosen faces are instead: somebody who is enrolled, or a new name. */
export function GiveForm({ around, from, isBusy, onClose, onGive }: Props) {
  const [to, setTo] = useState("");
  return (
    <form
      class="row people-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (to.trim() && to.trim() !== from) onGive(to.trim());
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape" && !isBusy) onClose();
      }}
    >
      <NameField around={around} label={texts.people.giveTo} value={to} onInput={setTo} disabled={isBusy} />
      <button class="main" type="submit" disabled={isBusy}>
        {texts.people.giveNow}
      </button>
      <button type="button" disabled={isBusy} onClick={onClose}>
        {texts.people.cancel}
      </button>
    </form>
  );
}
