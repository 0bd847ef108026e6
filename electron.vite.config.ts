import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "electron-vite";
import { existsSync } from "node:fs";
import { resolve } from "node:path";

/**
 * Everything is bundled except modules with native code, so that a packaged app carries only those in node_modules.
 * Main and preload are CommonJS for the syntax of Node 16 and Chrome 108: the oldest Electron that the desktop tests use.
 */
const NATIVE = ["better-sqlite3", "onnxruntime-node", /^@tensorflow\//];
const NODE_TARGET = "node16";
const CHROME_TARGET = "chrome108";
/** How long plugins took is no warning that a user of `npm ci` should see. */
const QUIET = { pluginTimings: false };

/** One output file an entry; folders and names are what src-main/entries.ts looks for. */
const entries = (inputs: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(inputs)
      .map(([name, file]) => [name, resolve(import.meta.dirname, file)] as const)
      .filter(([, file]) => existsSync(file)),
  );

const nodeBuild = (outDir: string, input: Record<string, string>) => ({
  outDir,
  target: NODE_TARGET,
  externalizeDeps: false,
  rolldownOptions: {
    input,
    external: NATIVE,
    checks: QUIET,
    output: { format: "cjs" as const, entryFileNames: "[name].cjs", chunkFileNames: "chunks/[name]-[hash].cjs" },
  },
});

const rendererRoot = resolve(import.meta.dirname, "src-renderer");
const rendererPage = resolve(rendererRoot, "index.html");

export default defineConfig({
  main: {
    build: nodeBuild(
      "out/main",
      entries({
        index: "src-main/shell/main.ts",
        core: "src-main/core/serve/desktop.ts",
        cli: "src-main/cli/main.ts",
        worker: "src-worker/main.ts",
        "data-thread": "src-main/core/data/thread.ts",
      }),
    ),
  },
  preload: {
    build: nodeBuild("out/preload", entries({ index: "src-main/shell/preload.ts" })),
  },
  ...(existsSync(rendererPage) && {
    renderer: {
      root: rendererRoot,
      plugins: [svelte()],
      build: {
        outDir: resolve(import.meta.dirname, "out/renderer"),
        target: CHROME_TARGET,
        cssTarget: CHROME_TARGET,
        cssMinify: "lightningcss" as const,
        minify: true,
        chunkSizeWarningLimit: 4096, // kB; the page is loaded from this machine
        rolldownOptions: { input: rendererPage, checks: QUIET },
      },
    },
  }),
});
