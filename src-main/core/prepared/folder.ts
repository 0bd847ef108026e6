import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { SiftError } from "#shared/errors.ts";

/** One file of a prepared set. */
export interface PreparedFile {
  readonly path: string;
  readonly format: "arrow" | "parquet" | "json";
  /** Split that it belongs to; empty where the set has none. */
  readonly split: string;
}

const state = v.object({ _data_files: v.array(v.object({ filename: v.string() })) });
const dictionary = v.object({ splits: v.array(v.string()) });

/**
 * The files of a set that another trainer prepared, in the order of their rows: a folder of `save_to_disk` (one dataset or a
 * dictionary of splits), a folder of Arrow, Parquet or JSON Lines files, or one such file.
 * @param split only this split of a dictionary
 * @throws SiftError `prepared-missing`, `prepared-format`, `prepared-damaged`, `prepared-split`
 */
export function preparedFiles(path: string, split?: string): PreparedFile[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) {
    throw new SiftError("prepared-missing", "there is no such folder or file", { where: { file: path } });
  }
  if (stats.isFile()) return [oneFile(path)];
  const splits = splitsOf(path);
  if (splits.length === 0) return folderFiles(path, "");
  const chosen = split === undefined ? splits : splits.filter((name) => name === split);
  if (chosen.length > 0) return chosen.flatMap((name) => folderFiles(join(path, name), name));
  throw new SiftError("prepared-split", `the set has no split '${split}'; it has ${splits.join(", ")}`, {
    where: { file: path },
    remedy: `choose one of ${splits.join(", ")}`,
  });
}

function oneFile(path: string): PreparedFile {
  const format = formatOf(path);
  if (format) return { path, format, split: "" };
  throw new SiftError("prepared-format", "expected a dataset folder, or an .arrow, .parquet, .jsonl or .json file", {
    where: { file: path },
  });
}

/** Splits by `dataset_dict.json`, or folders that each hold a dataset. */
function splitsOf(path: string): string[] {
  const index = join(path, "dataset_dict.json");
  if (existsSync(index)) return readDescription(index, dictionary).splits;
  if (existsSync(join(path, "state.json"))) return [];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(path, entry.name, "state.json")))
    .map((entry) => entry.name)
    .sort();
}

/** Files by `state.json`, which names them in order; without one by name. */
function folderFiles(folder: string, split: string): PreparedFile[] {
  const index = join(folder, "state.json");
  if (existsSync(index)) {
    const names = readDescription(index, state)._data_files.map(({ filename }) => filename);
    return names.map((name) => listed(folder, name, split));
  }
  if (!existsSync(folder)) {
    throw new SiftError("prepared-damaged", "the split has no folder", { where: { file: folder } });
  }
  const names = readdirSync(folder).sort();
  const files = names.flatMap((name): PreparedFile[] => {
    const format = DESCRIPTIONS.has(name) ? undefined : formatOf(name);
    return format ? [{ path: join(folder, name), format, split }] : [];
  });
  if (files.length > 0) return ofOneFormat(files);
  throw new SiftError("prepared-format", "the folder holds no Arrow, Parquet or JSON Lines file of rows", {
    where: { file: folder },
    remedy: "give the folder that `save_to_disk` wrote, or the folder that holds its data files",
  });
}

function listed(folder: string, name: string, split: string): PreparedFile {
  const path = join(folder, name);
  const format = formatOf(name);
  if (format && existsSync(path)) return { path, format, split };
  throw new SiftError("prepared-damaged", `state.json names ${name}, which is not there`, {
    where: { file: folder },
    remedy: "copy the whole folder",
  });
}

/** A folder with several forms of the same rows is read in one of them: Arrow before Parquet before JSON Lines. */
function ofOneFormat(files: readonly PreparedFile[]): PreparedFile[] {
  const format = (["arrow", "parquet", "json"] as const).find((each) => files.some((file) => file.format === each));
  return files.filter((file) => file.format === format);
}

/** Files that other tools put beside the rows. */
const DESCRIPTIONS: ReadonlySet<string> = new Set(["dataset_info.json", "state.json", "dataset_dict.json"]);

function formatOf(name: string): PreparedFile["format"] | undefined {
  if (/\.arrow$/i.test(name)) return "arrow";
  if (/\.parquet$/i.test(name)) return "parquet";
  return /\.jsonl?$/i.test(name) ? "json" : undefined;
}

function readDescription<Schema extends v.GenericSchema>(file: string, schema: Schema): v.InferOutput<Schema> {
  try {
    return v.parse(schema, JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new SiftError("prepared-damaged", "the description of the dataset cannot be read", {
      where: { file },
      cause: error,
      remedy: "copy the folder again",
    });
  }
}
