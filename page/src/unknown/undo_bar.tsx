import { texts } from "../texts";
import type { Decisions, Verdict } from "./decisions";

interface Props {
  decisions: Decisions;
  onUndo: () => void;
}

/** Says what was decided last, for as long as it can be undone. */
export function UndoBar({ decisions, onUndo }: Props) {
  const { newest, unsent } = decisions;
  const [first] = newest?.choices ?? [];
  const isSame = newest?.choices.every(({ verdict }) => personOf(verdict) === personOf(first?.verdict));
  const person = isSame ? personOf(first?.verdict) : undefined;
  const faces = newest?.choices.reduce((sum, choice) => sum + choice.faces, 0) ?? 0;
  return (
    <div class={newest || unsent > 0 ? "undo" : ""}>
      <p role="status">
        {!newest && unsent > 0 && <span class="busy">{texts.unknown.sending}</span>}
        {newest && first?.verdict === "ignored" && texts.unknown.wereIgnored(faces)}
        {newest && first?.verdict !== "ignored" && (
          <>
            {texts.unknown.wereNamed(faces)}{" "}
            {person ? <bdi class="name">{person}</bdi> : texts.unknown.asSuggested}
          </>
        )}
      </p>
      {newest && (
        <button id="undo" onClick={onUndo}>
          {texts.unknown.undo}
        </button>
      )}
    </div>
  );
}

const personOf = (verdict: Verdict | undefined): string | undefined =>
  verdict === undefined || verdict === "ignored" ? undefined : verdict.person;
