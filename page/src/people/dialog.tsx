import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

interface Props {
  heading: ComponentChildren;
  children: ComponentChildren;
  /** Also by the Escape key; not called while `isBusy`. */
  onClose: () => void;
  isBusy?: boolean;
}

/** A question that has to be answered first; the focus goes back to where it was. */
export function Dialog({ heading, children, onClose, isBusy = false }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      class="question"
      aria-labelledby="question"
      aria-busy={isBusy}
      onCancel={(event) => {
        event.preventDefault();
        if (!isBusy) onClose();
      }}
    >
      <h2 id="question">{heading}</h2>
      {children}
    </dialog>
  );
}
