import { desktop } from "../client.ts";

export interface PickRequest {
  readonly kind: "files" | "folder";
  readonly title: string;
  /** Name of the file filter in the native dialog. */
  readonly filterName: string;
}

/** Extensions that can hold conversations. */
export const DATA_EXTENSIONS = ["jsonl", "json", "ndjson", "gz", "txt", "parquet", "csv"];

/**
 * Paths from the native dialog, or undefined where there is none (a browser): then the FilePicker component is shown.
 * Empty when the dialog was dismissed.
 */
export async function pickNatively({ kind, title, filterName }: PickRequest): Promise<string[] | undefined> {
  const bridge = desktop();
  if (!bridge) return undefined;
  const filters = kind === "files" ? [{ name: filterName, extensions: DATA_EXTENSIONS }] : [];
  return bridge.pickPaths({ title, kind, filters });
}
