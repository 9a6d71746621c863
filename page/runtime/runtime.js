/** The part of onnxruntime-web that our detector needs. */

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

import { functionCount, trimmed } from "./wasm.js";

const WASM = "ort-wasm-simd-threaded.wasm";
export const CALLED = new URL("called.json", import.meta.url);

export const wholeRuntime = () =>
  readFileSync(createRequire(import.meta.url).resolve(`onnxruntime-web/${WASM}`));

export const sha256 = (content) => createHash("sha256").update(content).digest("hex");

/** Return the runtime without the functions that YuNet does not call. */
export function trimmedRuntime() {
  const runtime = wholeRuntime();
  const { sha256: expected, called } = JSON.parse(readFileSync(CALLED, "utf-8"));
  if (sha256(runtime) !== expected) throw new Error("another onnxruntime-web: npm run called");
  const bits = Buffer.from(called, "base64");
  return trimmed(runtime, (index) => Boolean(bits[index >> 3] & (1 << (index & 7))));
}

/** Return which functions were called, as `called.json` has it. */
export function recordOf(runtime, isCalled) {
  const count = functionCount(runtime);
  const bits = Buffer.alloc(Math.ceil(count / 8));
  for (let index = 0; index < count; index += 1) {
    if (isCalled(index)) bits[index >> 3] |= 1 << (index & 7);
  }
  return { sha256: sha256(runtime), called: bits.toString("base64") };
}

const FILE = "detector.wasm.gz";

/** Put our runtime in place of the package's, beside the script that loads it. */
export function detectorRuntime(folder) {
  let earlier = null;
  return {
    name: "detector-runtime",
    enforce: "pre",
    buildStart() {
      const file = join(folder, FILE);
      if (existsSync(file)) earlier = readFileSync(file);
    },
    transform: {
      filter: { id: /onnxruntime-web/ },
      handler: (code) =>
        code.replaceAll(`new URL("${WASM}",import.meta.url)`, `new URL("detector.wasm",self.location)`),
    },
    generateBundle() {
      const runtime = trimmedRuntime();
      // Versions of Node compress differently, so a file that holds the same stays as it is.
      const isSame = earlier !== null && gunzipSync(earlier).equals(runtime);
      this.emitFile({ type: "asset", fileName: FILE, source: isSame ? earlier : gzipSync(runtime, { level: 9 }) });
    },
  };
}
