import { appendFileSync, mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { eventFileName, fileVersionRecord, scalarsRecord } from "#shared/formats/tensorboard.ts";
import { diskError } from "./files.ts";

/** Writes curves as TensorBoard event files under `output_dir/runs`, where `report_to` asks for them. */
export class Reporter {
  readonly #folder: string | undefined;
  #file: string | undefined;

  constructor(outputDir: string, reportTo: readonly string[]) {
    this.#folder = reportTo.includes("tensorboard") ? join(outputDir, "runs") : undefined;
  }

  /** Scalars by tag (`train/loss`) at a step. */
  add(step: number, scalars: Readonly<Record<string, number>>): void {
    if (this.#folder === undefined) return;
    const now = Date.now() / 1000;
    try {
      this.#file ??= openEvents(this.#folder, now);
      appendFileSync(this.#file, scalarsRecord(now, step, scalars));
    } catch (error) {
      throw diskError(error, this.#folder);
    }
  }
}

function openEvents(folder: string, now: number): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, eventFileName(now, hostname(), process.pid));
  appendFileSync(file, fileVersionRecord(now));
  return file;
}
