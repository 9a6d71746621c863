/**
 * Record which functions of onnxruntime-web YuNet calls, at all sizes that a frame can have.
 *
 *     npm run called -- ../var/models/yunet_n_dynamic.onnx
 *
 * What a network without branches calls depends on the sizes alone.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { InferenceSession, Tensor, env } from "onnxruntime-web/wasm";

import { CALLED, recordOf, wholeRuntime } from "./runtime.js";
import { calledName, probed } from "./wasm.js";

const LONGEST_SIDE = 640;
const MULTIPLE = 32;

let instance = null;
const instantiate = WebAssembly.instantiate;
WebAssembly.instantiate = async (...given) => {
  const made = await instantiate(...given);
  instance = made.instance ?? made;
  return made;
};

const runtime = wholeRuntime();
env.wasm.numThreads = 1;
env.wasm.wasmBinary = probed(runtime);
env.logLevel = "error";
const session = await InferenceSession.create(readFileSync(process.argv[2]), { executionProviders: ["wasm"] });
for (let height = MULTIPLE; height <= LONGEST_SIDE; height += MULTIPLE) {
  for (let width = MULTIPLE; width <= LONGEST_SIDE; width += MULTIPLE) {
    const shape = [1, 3, height, width];
    const pixels = Float32Array.from({ length: 3 * height * width }, () => 255 * Math.random());
    const outputs = await session.run({ input: new Tensor("float32", pixels, shape) });
    for (const output of Object.values(outputs)) output.dispose();
  }
}
const record = recordOf(runtime, (index) => instance.exports[calledName(index)].value === 1);
writeFileSync(CALLED, `${JSON.stringify(record, null, 2)}\n`);
