import { texts } from "../texts";

/** How to take a collection along; the API can't, since a file of faces may be very large. */
export function Export({ collection }: { collection: string }) {
  return (
    <details class="unfold">
      <summary>{texts.collections.export}</summary>
      <p>{texts.collections.exportHow}</p>
      <pre tabIndex={0}>{`efr export ${collection}.parquet --collection ${collection}`}</pre>
      <p class="quiet">{texts.collections.exportWarning}</p>
    </details>
  );
}
