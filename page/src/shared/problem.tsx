import { texts, why } from "../texts";

interface Props {
  code: string | null;
  /** What to do about it; without it the text says all. */
  onAgain?: () => void;
}

/** What went wrong, and a way on. It is always there, so that screen readers notice its text. */
export function Problem({ code, onAgain }: Props) {
  return (
    <p class="problem buttons" role="alert">
      {code !== null && <span>{texts.notDone(why(code))}</span>}
      {code !== null && onAgain && <button onClick={onAgain}>{texts.tryAgain}</button>}
    </p>
  );
}
