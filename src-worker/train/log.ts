import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { AppendedFile } from "./appended-file.ts";

export const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogSink = (level: LogLevel, message: string) => void;

/** `train.log`: a line `time - level - name - message` for everything from `level` on; a resumed run goes on in the same file. */
export class TrainLog {
  readonly #file: AppendedFile;
  readonly #level: LogLevel;
  readonly #sink: LogSink;

  /** `sink` gets the same messages, for the run's record. */
  constructor(path: string, level: LogLevel, sink: LogSink) {
    mkdirSync(dirname(path), { recursive: true });
    this.#file = new AppendedFile(path);
    this.#level = level;
    this.#sink = sink;
  }

  write(level: LogLevel, name: string, message: string): void {
    if (!this.#takes(level)) return;
    this.#append(level, name, message);
    this.#sink(level, message);
  }

  /** A line for the file only: what the record holds in another form (metrics, the whole configuration). */
  detail(name: string, message: string): void {
    if (this.#takes("info")) this.#append("info", name, message);
  }

  /** Every line is in the file; lines wait while the disk is full. */
  get settled(): boolean {
    return this.#file.waiting === 0;
  }
  /** @throws SiftError `disk-full` while lines wait */
  requireWritten(): void {
    this.#file.requireWritten();
  }

  #takes(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(this.#level);
  }

  #append(level: LogLevel, name: string, message: string): void {
    const line = `${formatTime(new Date())} - ${level.toUpperCase()} - ${name} - ${message.replaceAll("\n", "\\n")}\n`;
    this.#file.append(line);
  }
}

/** As Python's logging writes it: `2026-01-31 13:05:09,042`, local time. */
function formatTime(time: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  return `${day} ${clock},${String(time.getMilliseconds()).padStart(3, "0")}`;
}
