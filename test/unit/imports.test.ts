import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";
import { repositoryRoot } from "../shared.ts";

const SIDES = ["src-shared", "src-main", "src-worker", "src-renderer"];
// `import type` is erased: only imports that exist at run time can make a cycle.
const IMPORT = /^(?:import|export)\s+(?!type\b)(?:[^"';]*?\sfrom\s+)?["']([^"']+)["']/gm;

function sources(folder: string): string[] {
  if (!existsSync(join(repositoryRoot, folder))) return [];
  return readdirSync(join(repositoryRoot, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(ts|svelte)$/.test(name))
    .map((name) => join(repositoryRoot, folder, name));
}

function target(from: string, specifier: string): string | undefined {
  const alias = /^#(shared|main|worker|renderer)\/(.*)$/.exec(specifier);
  if (alias) return join(repositoryRoot, `src-${alias[1] ?? ""}`, alias[2] ?? "");
  return specifier.startsWith(".") ? resolve(dirname(from), specifier) : undefined;
}

function importGraph(): Map<string, string[]> {
  const graph = new Map<string, string[]>();
  for (const file of SIDES.flatMap(sources)) {
    // A Svelte file's imports stand in its script block, indented.
    const text = readFileSync(file, "utf8").replace(/^[ \t]+(?=import\s)/gm, "");
    const targets = [...text.matchAll(IMPORT)].map((match) => target(file, match[1] ?? ""));
    graph.set(
      file,
      targets.filter((path) => path !== undefined),
    );
  }
  return graph;
}

function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, trail: string[]): string[] | undefined => {
    const start = trail.indexOf(file);
    if (start >= 0) return [...trail.slice(start), file];
    if (done.has(file)) return undefined;
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next, [...trail, file]);
      if (cycle) return cycle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const cycle = visit(file, []);
    if (cycle) return cycle.map((path) => relative(repositoryRoot, path));
  }
  return undefined;
}

test("a cycle is found where there is one", () => {
  const graph = new Map([
    ["a", ["b"]],
    ["b", ["c"]],
    ["c", ["b"]],
  ]);
  expect(findCycle(graph)).toHaveLength(3);
});

test("the sources import each other without cycles", () => {
  const graph = importGraph();
  expect(graph.size).toBeGreaterThan(5);
  expect(findCycle(graph)).toBeUndefined();
});
