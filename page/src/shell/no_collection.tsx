import type { ComponentChildren } from "preact";

import { texts } from "../texts";

interface Props {
  isLooking: boolean;
  /** How to make one, if the key allows it. */
  create: ComponentChildren;
}

/** In place of a view, until there is a collection that the key may know. */
export function NoCollection({ isLooking, create }: Props) {
  if (isLooking) return <p class="busy">{texts.loading}</p>;
  return (
    <>
      <h1>{texts.noCollection.heading}</h1>
      <p class="lead">{texts.noCollection.why}</p>
      {create || <p class="quiet">{texts.noCollection.ask}</p>}
    </>
  );
}
