import { useEffect, useRef, useState } from "preact/hooks";

import { Detector } from "./detector";
import { asAWhole, byFaces, withFallback } from "./judging";
import type { Bounds, Flaw, Judge } from "./judging";

/** Who finds the faces; nobody until the detector is there. */
export type Finder = "nobody" | "page" | "service";

interface Judging {
  /** Null until the detector is there, or known to be missing. */
  judge: Judge<Flaw> | null;
  finder: Finder;
}

const NOT_YET: Judging = { judge: null, finder: "nobody" };

/** What judges frames while the camera is on: by their faces, if the page can find them. */
export function useJudge(isOn: boolean, bounds: Bounds): Judging {
  const newest = useRef(bounds);
  newest.current = bounds;
  const [judging, setJudging] = useState(NOT_YET);
  useEffect(() => {
    if (!isOn) return;
    let detector: Detector | null = null;
    let isCurrent = true;
    void Detector.start().then((started) => {
      if (!isCurrent) return started?.stop();
      detector = started;
      if (!started) return setJudging({ judge: asAWhole(), finder: "service" });
      const giveUp = () => setJudging((before) => ({ ...before, finder: "service" }));
      const judge = withFallback(byFaces(started, () => newest.current), asAWhole(), giveUp);
      setJudging({ judge, finder: "page" });
    });
    return () => {
      isCurrent = false;
      detector?.stop();
      setJudging(NOT_YET);
    };
  }, [isOn]);
  return judging;
}
