import { resolve } from "node:path";
import { defineConfig } from "vitest/config";

/** Run by scripts/test-desktop.ts, which prepares the Electron and the screen that these tests need. */
export default defineConfig({
  test: {
    root: resolve(import.meta.dirname, "../.."),
    include: ["test/desktop/**/*.test.ts"],
    testTimeout: 240_000,
    hookTimeout: 240_000,
    fileParallelism: false,
    pool: "forks",
  },
});
