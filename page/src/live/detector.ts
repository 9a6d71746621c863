/** Faces found in the page itself, by another thread. */

import type { Answer, Asked } from "../detector/messages";
import type { FoundFace, Pixels } from "../detector/yunet";

const SCRIPT = "page/detector.js";

export interface FaceFinder {
  find(pixels: Pixels): Promise<FoundFace[]>;
}

export class Detector implements FaceFinder {
  private constructor(private readonly worker: Worker) {}

  /** Load the detector; null where the service has none, or where it does not run. */
  static async start(): Promise<Detector | null> {
    let detector: Detector;
    try {
      detector = new Detector(new Worker(SCRIPT, { type: "module" }));
    } catch {
      return null; // an old browser
    }
    const { state } = await detector.answer();
    if (state === "ready") return detector;
    detector.stop();
    return null;
  }

  /** Return the faces; wait for them before asking again. */
  async find({ data, width, height }: Pixels): Promise<FoundFace[]> {
    const asked: Asked = { pixels: { data, width, height } };
    this.worker.postMessage(asked);
    const answer = await this.answer();
    if (answer.state !== "found") throw new Error("the detector does not run");
    return answer.faces;
  }

  stop(): void {
    this.worker.terminate();
  }

  private answer(): Promise<Answer> {
    return new Promise((resolve) => {
      this.worker.onmessage = ({ data }: MessageEvent<Answer>) => resolve(data);
      this.worker.onerror = () => resolve({ state: "failed" });
    });
  }
}
