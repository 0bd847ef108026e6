import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { eventFileName, fileVersionRecord, scalarsRecord } from "#shared/formats/tensorboard.ts";
import { AppendedFile } from "./appended-file.ts";
import { diskError } from "./files.ts";

/** Writes curves as TensorBoard event files under `output_dir/runs`, where `report_to` asks for them. */
export class Reporter {
  readonly #folder: string | undefined;
  #file: AppendedFile | undefined;

  constructor(outputDir: string, reportTo: readonly string[]) {
    this.#folder = reportTo.includes("tensorboard") ? join(outputDir, "runs") : undefined;
  }

  /** Every record is in the file; records wait while the disk is full. */
  get settled(): boolean {
    return (this.#file?.waiting ?? 0) === 0;
  }
  /** @throws SiftError `disk-full` while records wait */
  requireWritten(): void {
    this.#file?.requireWritten();
  }

  /** Scalars by tag (`train/loss`) at a step. */
  add(step: number, scalars: Readonly<Record<string, number>>): void {
    if (this.#folder === undefined) return;
    const now = Date.now() / 1000;
    try {
      this.#file ??= openEvents(this.#folder, now);
      this.#file.append(scalarsRecord(now, step, scalars));
    } catch (error) {
      throw diskError(error, this.#folder);
    }
  }
}

function openEvents(folder: string, now: number): AppendedFile {
  mkdirSync(folder, { recursive: true });
  const file = new AppendedFile(join(folder, eventFileName(now, hostname(), process.pid)));
  file.append(fileVersionRecord(now));
  return file;
}
