import { useState } from "preact/hooks";

import type { Collection } from "../answers";
import { codeOf, inPath } from "../client";
import type { Client } from "../client";
import { Problem } from "../shared/problem";
import { texts } from "../texts";
import { oneIn, strangersNamed } from "./meaning";

const HOW = ["same", "service", "rate", "threshold"] as const;
type How = (typeof HOW)[number];
const KEEP = ["service", "yes", "no"] as const;
type Keep = (typeof KEEP)[number];
const KEPT: Record<Keep, boolean | null> = { service: null, yes: true, no: false };

interface Props {
  client: Client;
  collection: Collection;
  onChanged: () => void;
}

/** How sure a name has to be, and whether strangers are kept. */
export function SettingsForm({ client, collection, onChanged }: Props) {
  const before = KEEP.find((each) => KEPT[each] === collection.keep_unknown) ?? "service";
  const [how, setHow] = useState<How>("same");
  const [percent, setPercent] = useState(100 * (collection.false_name_rate ?? 0.01));
  const [threshold, setThreshold] = useState(collection.threshold);
  const [keep, setKeep] = useState<Keep>(before);
  const [isBusy, setIsBusy] = useState(false);
  const [told, setTold] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const wanted = {
    ...sureness(how, percent, threshold),
    ...(keep === before ? {} : { keep_unknown: KEPT[keep] }),
  };

  async function save() {
    setIsBusy(true);
    setTold(texts.collections.saving);
    setProblem(null);
    try {
      await client.ask("PATCH", `/collections/${inPath(collection.collection_id)}`, { json: wanted });
      setTold(texts.collections.saved);
      setHow("same");
      onChanged();
    } catch (error) {
      setTold("");
      setProblem(codeOf(error));
    }
    setIsBusy(false);
  }

  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <fieldset>
        <legend>{texts.collections.howSure}</legend>
        {HOW.map((each) => (
          <label key={each} class="check">
            <input type="radio" name="how" checked={how === each} onChange={() => setHow(each)} />
            {texts.collections.how[each]}
          </label>
        ))}
        {how === "rate" && (
          <Amount
            label={texts.collections.rate}
            means={texts.collections.rateMeans(oneIn(percent / 100))}
            value={percent}
            range={[0.001, 50, 0.001]}
            onValue={setPercent}
          />
        )}
        {how === "threshold" && (
          <Amount
            label={texts.collections.threshold}
            means={texts.collections.thresholdMeans(strangersOf(threshold))}
            value={threshold}
            range={[0, 100, 0.01]}
            onValue={setThreshold}
          />
        )}
      </fieldset>
      <fieldset>
        <legend>{texts.collections.strangersKept}</legend>
        {KEEP.map((each) => (
          <label key={each} class="check">
            <input type="radio" name="keep" checked={keep === each} onChange={() => setKeep(each)} />
            {texts.collections.keep[each]}
          </label>
        ))}
        {keep === "yes" && <p class="warning">{texts.collections.strangers}</p>}
      </fieldset>
      <p class="buttons">
        <button class="main" type="submit" disabled={isBusy || Object.keys(wanted).length === 0}>
          {texts.collections.save}
        </button>
        <span class={isBusy ? "busy" : "quiet"} role="status">
          {told}
        </span>
      </p>
      <Problem code={problem} />
    </form>
  );
}

/** What to change; of the two, the other goes, since a threshold would hide a rate. */
function sureness(how: How, percent: number, threshold: number): Partial<Collection> | object {
  if (how === "same") return {};
  return {
    threshold: how === "threshold" ? threshold : null,
    false_name_rate: how === "rate" ? Number((percent / 100).toFixed(6)) : null,
  };
}

function strangersOf(threshold: number): number | null {
  const share = strangersNamed(threshold);
  return share > 1e-6 ? oneIn(share) : null;
}

interface AmountProps {
  label: string;
  means: string;
  value: number;
  /** Least, most, and the step between two. */
  range: readonly [number, number, number];
  onValue: (value: number) => void;
}

function Amount({ label, means, value, range, onValue }: AmountProps) {
  const [min, max, step] = range;
  return (
    <>
      <label>
        {label}
        <input
          type="number"
          required
          min={min}
          max={max}
          step={step}
          value={value}
          onInput={({ currentTarget }) => {
            if (currentTarget.value !== "") onValue(currentTarget.valueAsNumber);
          }}
        />
      </label>
      <p class="quiet" role="status">
        {means}
      </p>
    </>
  );
}
