import { useEffect, useState } from "preact/hooks";

import type { Client } from "../client";
import type { Crops } from "../people/crops";
import { exactly } from "../people/person_list";
import { cropPath } from "../people/person_paths";
import { Portrait, initialOf } from "../people/portrait";
import { texts } from "../texts";

interface Props {
  client: Client;
  collection: string;
  crops: Crops;
  person: string;
}

/** The best picture of the person who is suggested, to compare the group's with. */
export function SuggestedFace({ client, collection, crops, person }: Props) {
  const [cover, setCover] = useState<string | null>(null);
  useEffect(() => {
    let isCurrent = true;
    exactly(client, collection, person)
      .then((found) => isCurrent && setCover(found?.cover ?? null))
      .catch(() => undefined); // the name stands there all the same
    return () => {
      isCurrent = false;
    };
  }, [client, collection, person]);

  return (
    <figure class="suggested">
      {cover && (
        <Portrait
          crops={crops}
          path={cropPath(collection, cover)}
          alt=""
          initial={initialOf(person)}
        />
      )}
      <figcaption>
        {texts.unknown.enrolledAs} <bdi>{person}</bdi>
      </figcaption>
    </figure>
  );
}
