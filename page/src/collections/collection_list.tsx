import type { Collection } from "../answers";
import { texts } from "../texts";

interface Props {
  all: Collection[];
  chosen: string;
  addressOf: (collection: string) => string;
}

/** All collections; the links choose one, for every view. */
export function CollectionList({ all, chosen, addressOf }: Props) {
  if (all.length === 0) return <p class="quiet">{texts.collections.none}</p>;
  return (
    <ul class="rows">
      {all.map(({ collection_id, threshold, keep_unknown }) => (
        <li key={collection_id}>
          <a
            href={addressOf(collection_id)}
            aria-current={collection_id === chosen ? "true" : undefined}
          >
            <bdi>{collection_id}</bdi>
          </a>
          <span class="quiet">
            {texts.collections.from(threshold)}
            {keep_unknown && ` · ${texts.collections.keepsUnknown}`}
            {collection_id === chosen && ` · ${texts.collections.chosen}`}
          </span>
        </li>
      ))}
    </ul>
  );
}
