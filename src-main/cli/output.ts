import { once } from "node:events";
import { formatError } from "#shared/errors.ts";
import type { ErrorReport } from "#shared/errors.ts";

/** Where a command speaks: results on stdout, everything else on stderr, so that a pipe carries results only. */
export class Output {
  readonly json: boolean;

  constructor(json: boolean) {
    this.json = json;
  }

  /** The command's result: one JSON object under `--json`, text otherwise. */
  result(value: unknown, text: () => string): void {
    process.stdout.write(this.json ? `${JSON.stringify(value)}\n` : `${text()}\n`);
  }

  /** Whole lines of JSONL; waits while the reader is slower than we are. */
  async lines(text: string): Promise<void> {
    if (!process.stdout.write(text)) await once(process.stdout, "drain");
  }

  notice(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  /** A failure: readable on stderr, and as an object on stdout under `--json`. */
  failure(report: ErrorReport): void {
    this.notice(`sift: ${formatError(report)}`);
    if (this.json) process.stdout.write(`${JSON.stringify({ error: report })}\n`);
  }
}

/** Rows of cells as text, columns aligned; wide characters count double. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, displayWidth(cell));
  const pad = (cell: string, i: number) => cell + " ".repeat((widths[i] ?? 0) - displayWidth(cell));
  return rows.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}

/** Columns that a text takes in a terminal: East Asian characters take two. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text)
    width += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/.test(character) ? 2 : 1;
  return width;
}

/** A reader that closed the pipe (`sift encode … | head`) is no error. */
export function endQuietlyOnClosedPipe(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
}
