import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** A model folder in a cache that other tools filled. It is read where it lies, never copied or changed. */
export interface CachedModel {
  readonly path: string;
  readonly name: string;
  readonly source: "huggingface" | "modelscope";
}

/** Folders of the Hugging Face hub's cache, in the order that huggingface_hub asks its variables. */
export function huggingFaceRoots(env: Environment): string[] {
  const explicit = env["HF_HUB_CACHE"] ?? env["HUGGINGFACE_HUB_CACHE"];
  const home = env["HF_HOME"] ?? join(env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "huggingface");
  return unique([explicit, join(home, "hub")]);
}

/** Folders under which ModelScope keeps `organisation/model`: its layouts old and new. */
export function modelScopeRoots(env: Environment): string[] {
  const home = env["MODELSCOPE_CACHE"] ?? join(homedir(), ".cache", "modelscope");
  return unique([join(home, "hub", "models"), join(home, "models"), join(home, "hub"), home]);
}

/** Every model of the caches on this machine, by name. No network. */
export function cachedModels(env: Environment): CachedModel[] {
  const found = [
    ...huggingFaceRoots(env).flatMap(huggingFaceModels),
    ...modelScopeRoots(env).flatMap(modelScopeModels),
  ];
  const byPath = new Map(found.map((model) => [model.path, model]));
  return [...byPath.values()].toSorted((a, b) => a.name.localeCompare(b.name));
}

function huggingFaceModels(root: string): CachedModel[] {
  return folders(root).flatMap((name) => {
    if (!name.startsWith("models--")) return [];
    const path = snapshotFolder(join(root, name));
    if (path === undefined) return [];
    return [{ path, name: name.slice("models--".length).replace("--", "/"), source: "huggingface" as const }];
  });
}

/** The snapshot of `refs/main`, else the newest one that holds a config.json. */
function snapshotFolder(repository: string): string | undefined {
  const snapshots = join(repository, "snapshots");
  const main = readText(join(repository, "refs", "main"))?.trim();
  const named = main === undefined || main === "" ? [] : [join(snapshots, main)];
  const others = folders(snapshots)
    .map((name) => join(snapshots, name))
    .toSorted((a, b) => modified(b) - modified(a));
  return [...named, ...others].find((path) => existsSync(join(path, "config.json")));
}

function modelScopeModels(root: string): CachedModel[] {
  return folders(root)
    .filter((organisation) => !organisation.startsWith(".") && !organisation.startsWith("models--"))
    .flatMap((organisation) =>
      folders(join(root, organisation)).map((model) => ({
        path: join(root, organisation, model),
        name: `${organisation}/${model.replaceAll("___", ".")}`,
        source: "modelscope" as const,
      })),
    )
    .filter((model) => existsSync(join(model.path, "config.json")) && !model.path.includes("._____temp"));
}

function folders(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() || (entry.isSymbolicLink() && isFolder(join(path, entry.name))))
      .map((entry) => entry.name);
  } catch {
    return []; // no such cache, or not ours to read
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
const modified = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const unique = (paths: (string | undefined)[]): string[] =>
  [...new Set(paths.filter((path) => path !== undefined && path !== ""))] as string[];

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
