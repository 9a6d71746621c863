import { texts, why } from "../texts";
import { failuresByCode } from "./uploads";
import type { Upload, Uploads } from "./uploads";

type Sent = Pick<Uploads, "ended" | "failed" | "lost" | "perSecond" | "isHeld" | "retry"> & {
  all: readonly Omit<Upload, "result">[];
};

interface ProgressProps {
  uploads: Sent;
  finished: (total: number, failed: number) => string;
  onClear: () => void;
}

/** How far many photos are, and how long the rest takes. */
export function Progress({ uploads, finished, onClear }: ProgressProps) {
  const total = uploads.all.length;
  const done = uploads.ended;
  const rate = uploads.perSecond;
  const { lost } = uploads;
  const isRunning = done + lost < total;
  return (
    <section class="progress">
      <progress value={done} max={total} aria-label={texts.photos.progressLabel} />
      <p>
        <span role="status">
          {isRunning || lost > 0
            ? texts.photos.progress(done, total)
            : finished(total, uploads.failed)}
        </span>
        {isRunning && rate !== null && (
          <span class="quiet">
            {texts.photos.rate(rate)} · {texts.photos.rest((total - lost - done) / rate)}
          </span>
        )}
        {!isRunning && <button onClick={onClear}>{texts.photos.clear}</button>}
      </p>
      <p role="status">{lost > 0 && texts.photos.lost(lost)}</p>
      <p class="held" role="status">
        {isRunning && uploads.isHeld && texts.photos.waitingForService}
      </p>
    </section>
  );
}

/** What failed, by reason, and a way to try it again. */
export function Failures({ uploads, heading }: { uploads: Sent; heading: string }) {
  const failures = failuresByCode(uploads.all);
  if (failures.length === 0) return null;
  return (
    <section class="failures" aria-labelledby="failures">
      <h2 id="failures">{heading}</h2>
      <ul>
        {failures.map(([code, count]) => (
          <li key={code}>
            <details>
              <summary>{texts.photos.failedWith(count, why(code))}</summary>
              <p class="quiet names">
                {uploads.all
                  .filter((upload) => upload.state === "failed" && upload.code === code)
                  .slice(0, 50)
                  .map(({ name }) => name)
                  .join(", ")}
              </p>
            </details>
            <button onClick={() => uploads.retry(code)}>{texts.tryAgain}</button>
          </li>
        ))}
      </ul>
    </section>
  );
}
