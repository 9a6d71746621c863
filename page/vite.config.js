import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { defineConfig } from "vite";

const OUT = "../web-tier/efr_web/static/page";
const INPUTS = ["package.json", "package-lock.json", "tsconfig.json", "vite.config.js"];

const WASM = "ort-wasm-simd-threaded.wasm";
const RUNTIME = join(OUT, "detector.wasm.gz");

const sha256 = (content) => createHash("sha256").update(content).digest("hex");

function listed(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

// onnxruntime-web's WebAssembly beside the script that loads it, compressed: it has 14 MB.
const wasm = readFileSync(createRequire(import.meta.url).resolve(`onnxruntime-web/${WASM}`));
const earlier = existsSync(RUNTIME) ? readFileSync(RUNTIME) : null;
// Versions of Node compress differently, so a file that holds the same stays as it is.
const isSame = earlier !== null && gunzipSync(earlier).equals(wasm);
const detectorRuntime = {
  name: "detector-runtime",
  enforce: "pre",
  transform: {
    filter: { id: /onnxruntime-web/ },
    handler: (code) =>
      code.replaceAll(`new URL("${WASM}",import.meta.url)`, `new URL("detector.wasm",self.location)`),
  },
  generateBundle() {
    const source = isSame ? earlier : gzipSync(wasm, { level: 9 });
    this.emitFile({ type: "asset", fileName: "detector.wasm.gz", source });
  },
};

// Tests compare these hashes with the files, so that neither is changed without the other.
const recordHashes = {
  name: "record-hashes",
  closeBundle() {
    const sources = [...INPUTS, ...["src", "public"].flatMap(listed)];
    const hashes = (names, strip) =>
      Object.fromEntries(names.sort().map((name) => [strip(name), sha256(readFileSync(name))]));
    const record = {
      sources: hashes(sources, (name) => name),
      built: hashes(
        listed(OUT).filter((name) => !name.endsWith("hashes.json")),
        (name) => name.slice(OUT.length + 1),
      ),
    };
    writeFileSync(join(OUT, "hashes.json"), `${JSON.stringify(record, null, 2)}\n`);
  },
};

export default defineConfig({
  plugins: [detectorRuntime, recordHashes],
  build: {
    outDir: OUT,
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    cssCodeSplit: false,
    rolldownOptions: {
      // The detector runs in a thread of its own, and is loaded only where faces are looked for.
      input: { page: "src/main.tsx", detector: "src/detector/worker.ts" },
      output: { entryFileNames: "[name].js", assetFileNames: "page[extname]", comments: { legal: true } },
    },
  },
});
