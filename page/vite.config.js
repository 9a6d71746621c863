import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vite";

import { detectorRuntime } from "./runtime/runtime.js";

const OUT = "../web-tier/efr_web/static/page";
const INPUTS = ["package.json", "package-lock.json", "tsconfig.json", "vite.config.js"];

const sha256 = (content) => createHash("sha256").update(content).digest("hex");

function listed(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

// Tests compare these hashes with the files, so that neither is changed without the other.
const recordHashes = {
  name: "record-hashes",
  closeBundle() {
    const sources = [...INPUTS, ...["src", "public", "runtime"].flatMap(listed)];
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
  plugins: [detectorRuntime(OUT), recordHashes],
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
