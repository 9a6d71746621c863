/** The detector in a thread of its own, so that nothing that is drawn waits for it. */

import { InferenceSession, Tensor, env } from "onnxruntime-web/wasm";

import type { Answer, Asked } from "./messages";
import { facesOf, inputOf } from "./yunet";
import type { FoundFace, Pixels } from "./yunet";

const MIN_SCORE = 0.6;
const WEIGHTS = "detector.onnx";

const tell = (answer: Answer) => postMessage(answer);

async function start(): Promise<void> {
  const weights = await fetch(WEIGHTS);
  if (!weights.ok) return tell({ state: "missing" });
  env.wasm.numThreads = 1;
  env.logLevel = "error";
  const session = await InferenceSession.create(await weights.arrayBuffer(), { executionProviders: ["wasm"] });
  addEventListener("message", ({ data }: MessageEvent<Asked>) => {
    find(session, data.pixels).then(
      (faces) => tell({ state: "found", faces }),
      () => tell({ state: "failed" }),
    );
  });
  tell({ state: "ready" });
}

async function find(session: InferenceSession, pixels: Pixels): Promise<FoundFace[]> {
  const { data, width, height } = inputOf(pixels);
  const input = new Tensor("float32", data, [1, 3, height, width]);
  const outputs = await session.run({ input });
  const read = Object.entries(outputs).map(([name, { data: values }]) => [name, values as Float32Array]);
  return facesOf(Object.fromEntries(read), width, MIN_SCORE);
}

start().catch(() => tell({ state: "failed" }));
