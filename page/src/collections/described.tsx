import type { Collection } from "../answers";
import { texts } from "../texts";
import { oneIn } from "./meaning";

/** Who is in a collection, and what its threshold means in plain words. */
export function Described({ collection }: { collection: Collection }) {
  const { persons = 0, faces = 0, threshold, expected_false_names: share = null } = collection;
  return (
    <>
      <dl class="facts">
        <div>
          <dt>{texts.collections.people}</dt>
          <dd>{persons.toLocaleString("en")}</dd>
        </div>
        <div>
          <dt>{texts.collections.faces}</dt>
          <dd>{faces.toLocaleString("en")}</dd>
        </div>
        <div>
          <dt>{texts.collections.threshold}</dt>
          <dd>{threshold}</dd>
        </div>
        <div>
          <dt>{texts.collections.since}</dt>
          <dd>{new Date(collection.created_at).toLocaleDateString("en", { dateStyle: "medium" })}</dd>
        </div>
      </dl>
      <p>{texts.collections.means(threshold)}</p>
      <p>
        {share !== null
          ? texts.collections.expected(share > 0 ? oneIn(share) : null)
          : persons === 0
            ? texts.collections.nobodyYet
            : texts.collections.notKnown}
      </p>
    </>
  );
}
