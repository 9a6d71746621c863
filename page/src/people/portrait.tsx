import { useEffect, useRef, useState } from "preact/hooks";

import type { Crops } from "./crops";

interface Props {
  crops: Crops;
  path: string;
  /** Empty where the name stands beside it. */
  alt: string;
  /** Stands there until the picture comes, and where there is none. */
  initial: string;
}

/** The picture of a face; there while it is near the part of the page that is seen. */
export function Portrait({ crops, path, alt, initial }: Props) {
  const place = useRef<HTMLSpanElement>(null);
  // Null until the browser has told.
  const [isNear, setIsNear] = useState<boolean | null>(null);
  const [url, setUrl] = useState<string | null>(null);
  const [isMissing, setIsMissing] = useState(false);

  useEffect(() => (place.current ? watched(place.current, setIsNear) : undefined), []);
  useEffect(() => {
    if (!isNear) return;
    let made: string | null = null;
    const giveUp = crops.want(path, (picture) => {
      made = picture && URL.createObjectURL(picture);
      setUrl(made);
      setIsMissing(made === null);
    });
    return () => {
      giveUp();
      if (made) URL.revokeObjectURL(made);
      setUrl(null);
    };
  }, [crops, path, isNear]);

  const isWaiting = isNear !== false && !url && !isMissing;
  return (
    <span ref={place} class={`portrait${isWaiting ? " waiting" : ""}`}>
      {url ? <img src={url} alt={alt} /> : <span aria-hidden="true">{initial}</span>}
    </span>
  );
}

const listeners = new WeakMap<Element, (isNear: boolean) => void>();
let observer: IntersectionObserver | null = null;

function watched(element: Element, onChange: (isNear: boolean) => void): () => void {
  observer ??= new IntersectionObserver(
    (seen) => seen.forEach(({ target, isIntersecting }) => listeners.get(target)?.(isIntersecting)),
    { rootMargin: "400px" },
  );
  const watching = observer;
  listeners.set(element, onChange);
  watching.observe(element);
  return () => watching.unobserve(element);
}

const letters = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Return the first letter of a name, as readers count letters. */
export function initialOf(name: string): string {
  const [first] = letters.segment(name);
  return first?.segment.toLocaleUpperCase() ?? "";
}
