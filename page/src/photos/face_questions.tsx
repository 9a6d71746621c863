import { useState } from "preact/hooks";

import { texts } from "../texts";

interface Asked {
  isBusy: boolean;
  onClose: () => void;
}

/** Asks whose face it is. */
export function NameQuestion({ isBusy, onClose, onName }: Asked & { onName: (name: string) => void }) {
  const [name, setName] = useState("");
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim()) onName(name.trim());
      }}
      onKeyDown={closedBy(isBusy, onClose)}
    >
      <label>
        <span class="hidden">{texts.photos.name}</span>
        <input
          ref={focused}
          dir="auto"
          placeholder={texts.photos.name}
          maxLength={100}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <button class="main" type="submit" disabled={isBusy}>
        {texts.photos.enrol}
      </button>
      <button type="button" disabled={isBusy} onClick={onClose}>
        {texts.cancel}
      </button>
    </form>
  );
}

/** Asks whether it is sure that a face is not somebody's, and says what follows. */
export function RejectQuestion({ name, isBusy, onClose, onSure }: Asked & { name: string; onSure: () => void }) {
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        onSure();
      }}
      onKeyDown={closedBy(isBusy, onClose)}
    >
      <p>{texts.photos.rejectWhy}</p>
      <button ref={focused} class="main" type="submit" disabled={isBusy}>
        {texts.photos.notThem(name)}
      </button>
      <button type="button" disabled={isBusy} onClick={onClose}>
        {texts.cancel}
      </button>
    </form>
  );
}

const closedBy = (isBusy: boolean, onClose: () => void) => (event: KeyboardEvent) => {
  if (event.key === "Escape" && !isBusy) onClose();
};

const focused = (element: HTMLElement | null) => element?.focus();
