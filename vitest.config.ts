import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const project = (name: string, timeoutSeconds: number, maxWorkers = 2) => ({
  extends: true as const,
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: timeoutSeconds * 1000,
    hookTimeout: timeoutSeconds * 1000,
    pool: "forks" as const,
    maxWorkers,
  },
});

export default defineConfig({
  plugins: [svelte()],
  test: { projects: [project("unit", 30), project("engine", 120), project("app", 120), project("e2e", 300, 1)] },
});
