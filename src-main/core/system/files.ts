import { existsSync, readdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, parse, resolve } from "node:path";
import type { FileEntry } from "#shared/contract/system.ts";
import { SiftError } from "#shared/errors.ts";

/** Files that each kind of listing shows. */
const SHOWN: Readonly<Record<Listing, RegExp>> = {
  folders: /$^/,
  data: /\.(jsonl?|ndjson)$/i,
  templates: /\.(jinja2?|j2|txt|ya?ml|json)$/i,
  prepared: /\.(jsonl?|arrow|parquet)$/i,
};
type Listing = "folders" | "data" | "templates" | "prepared";
/** Entries of one folder that are shown; a folder with more is cut, files last. */
const MAX_ENTRIES = 5000;

/** Where a person starts to look: home, the working directory, and the drives or the root. */
export function fileRoots(): FileEntry[] {
  const windows = process.platform === "win32";
  const drives = windows ? [..."CDEFGH"].map((letter) => `${letter}:\\`).filter(existsSync) : ["/"];
  const paths = [...new Set([homedir(), process.cwd(), ...drives])];
  return paths.map((path) => folderEntry(path, basename(path) || path));
}

/**
 * Folders, with `data` the files that an import reads, with `templates` files of Jinja or of forms, with `prepared` tokenised sets. Hidden ones are left out.
 * @throws SiftError `folder-unreadable`
 */
export function listFiles(path: string, show: Listing): { path: string; parent: string | null; entries: FileEntry[] } {
  const folder = resolve(path);
  const entries = readFolder(folder)
    .filter((entry) => !entry.name.startsWith("."))
    .flatMap((entry) => describe(join(folder, entry.name), entry.name, show))
    .toSorted((a, b) => (a.kind === b.kind ? a.name.localeCompare(b.name) : a.kind === "folder" ? -1 : 1))
    .slice(0, MAX_ENTRIES);
  const parent = dirname(folder);
  return { path: folder, parent: parent === folder || folder === parse(folder).root ? null : parent, entries };
}

function readFolder(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new SiftError("folder-unreadable", `this folder cannot be read: ${message}`, { where: { file: folder } });
  }
}

function describe(path: string, name: string, show: Listing): FileEntry[] {
  const stat = statSync(path, { throwIfNoEntry: false }); // follows links; a dangling one is nothing
  if (!stat) return [];
  if (stat.isDirectory()) return [folderEntry(path, name)];
  if (!stat.isFile() || !SHOWN[show].test(name)) return [];
  return [{ name, path, kind: "file", bytes: stat.size, isModel: false, isDataset: false }];
}

const folderEntry = (path: string, name: string): FileEntry => ({
  name,
  path,
  kind: "folder",
  bytes: null,
  isModel: existsSync(join(path, "config.json")),
  isDataset: ["state.json", "dataset_dict.json"].some((file) => existsSync(join(path, file))),
});
