import { texts } from "../texts";
import { BOUNDS } from "./judging";
import type { Bounds } from "./judging";

interface Props {
  bounds: Bounds;
  onChange: (bounds: Bounds) => void;
}

const RANGES: Record<keyof Bounds, { min: number; max: number; step: number }> = {
  smallest: { min: 20, max: 300, step: 10 },
  sharpness: { min: 0, max: 300, step: 5 },
  darkest: { min: 0, max: 120, step: 5 },
  brightest: { min: 130, max: 255, step: 5 },
};

/** From which faces on frames are sent. */
export function BoundsForm({ bounds, onChange }: Props) {
  return (
    <details class="bounds">
      <summary>{texts.live.bounds.heading}</summary>
      {(Object.keys(RANGES) as (keyof Bounds)[]).map((name) => (
        <label key={name}>
          <span>
            {texts.live.bounds[name]} <b aria-hidden="true">{bounds[name]}</b>
          </span>
          <input
            type="range"
            {...RANGES[name]}
            value={bounds[name]}
            onInput={(event) => onChange({ ...bounds, [name]: event.currentTarget.valueAsNumber })}
          />
        </label>
      ))}
      <button onClick={() => onChange(BOUNDS)}>{texts.live.bounds.reset}</button>
    </details>
  );
}
