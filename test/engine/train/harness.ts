import { execFileSync, fork, spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { resolveConfig, requireConfig } from "#shared/config/index.ts";
import { readTrainerState, type StepLogEntry } from "#shared/formats/trainer-state.ts";
import { SNAPSHOT_FORMAT, type SnapshotManifest } from "#shared/worker/snapshot.ts";
import {
  WORKER_PROTOCOL,
  type CoreMessage,
  type TrainJob,
  type WorkerEvent,
  type WorkerMessage,
} from "#shared/worker/protocol.ts";
import { repositoryRoot } from "../../shared.ts";

export interface TokenRow {
  readonly input_ids: readonly number[];
  readonly labels: readonly number[];
  readonly weights?: readonly number[];
}

export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), "sift-train-"));

export const readRows = (file: string): TokenRow[] =>
  readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as TokenRow);

/** Writes pre-tokenised rows as core writes a snapshot. */
export function writeSnapshot(folder: string, rows: readonly TokenRow[]): string {
  mkdirSync(folder, { recursive: true });
  const offsets = rows.reduce<number[]>((all, row) => [...all, (all.at(-1) ?? 0) + row.input_ids.length], [0]);
  const weightsOf = (row: TokenRow) => row.weights ?? row.labels.map((label) => (label < 0 ? 0 : 1));
  const contents = {
    "ids.i32": Buffer.from(Int32Array.from(rows.flatMap((row) => row.input_ids)).buffer),
    "labels.i32": Buffer.from(Int32Array.from(rows.flatMap((row) => row.labels)).buffer),
    "weights.f32": Buffer.from(Float32Array.from(rows.flatMap(weightsOf)).buffer),
    "offsets.f64": Buffer.from(Float64Array.from(offsets).buffer),
    "rows.jsonl": Buffer.from(rows.map((_, row) => `${JSON.stringify({ row, id: `r${row}` })}\n`).join("")),
  };
  const entry = (bytes: Buffer) => ({ bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") });
  for (const [name, bytes] of Object.entries(contents)) writeFileSync(join(folder, name), bytes);
  const manifest: SnapshotManifest = {
    format: SNAPSHOT_FORMAT,
    rows: rows.length,
    tokens: offsets.at(-1) ?? 0,
    supervisedTokens: rows.reduce((sum, row) => sum + row.labels.slice(1).filter((label) => label >= 0).length, 0),
    longestRow: Math.max(...rows.map((row) => row.input_ids.length)),
    dataHash: "d",
    templateHash: "t",
    mask: "assistant",
    files: {
      "ids.i32": entry(contents["ids.i32"]),
      "labels.i32": entry(contents["labels.i32"]),
      "weights.f32": entry(contents["weights.f32"]),
      "offsets.f64": entry(contents["offsets.f64"]),
      "rows.jsonl": entry(contents["rows.jsonl"]),
    },
  };
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
  return folder;
}

export interface JobParts {
  readonly modelDir: string;
  readonly outputDir: string;
  readonly rows: readonly TokenRow[];
  readonly evalRows?: readonly TokenRow[];
  readonly config?: Readonly<Record<string, unknown>>;
  readonly job?: Partial<TrainJob>;
}

/** A job as core makes it, with snapshots beside the output folder. */
export function makeJob(parts: JobParts): TrainJob {
  const values = {
    model_name_or_path: parts.modelDir,
    train_files: "rows.jsonl",
    output_dir: parts.outputDir,
    ...parts.config,
  };
  const config = requireConfig(resolveConfig([{ source: "file", values }]));
  return {
    kind: "train",
    protocol: WORKER_PROTOCOL,
    runId: "run",
    outputDir: parts.outputDir,
    modelDir: parts.modelDir,
    adapterDir: null,
    trainSnapshot: writeSnapshot(`${parts.outputDir}.snapshot`, parts.rows),
    evalSnapshot: parts.evalRows ? writeSnapshot(`${parts.outputDir}.eval`, parts.evalRows) : null,
    resumeFrom: null,
    config: { ...config },
    template: { source: null, name: "own", hash: "t", defaultSystem: null, stopIds: [], endOfTurn: null },
    pins: { data: "d", model: "m", template: "t" },
    threads: 1,
    ...parts.job,
  };
}

/** A real worker process and everything that it said. */
export class WorkerProcess {
  readonly child: ChildProcess;
  readonly events: WorkerEvent[] = [];
  readonly #waiting = new Set<() => void>();
  exitCode: number | null | undefined;

  /** `maxFileKilobytes`: the system refuses to write larger files, as a full disk would, until `allowLargeFiles`. */
  constructor(options: { maxFileKilobytes?: number } = {}) {
    const entry = join(repositoryRoot, "src-worker/main.ts");
    const stdio: StdioOptions = ["ignore", "inherit", "inherit", "ipc"];
    const limit = options.maxFileKilobytes;
    const script = `ulimit -S -f ${limit ?? 0}; exec "$0" "$1"`;
    const shell = () => spawn("bash", ["-c", script, process.execPath, entry], { stdio });
    this.child = limit === undefined ? fork(entry, { stdio }) : shell();
    this.child.on("message", (message: WorkerMessage) => {
      this.events.push(message.event);
      this.#wake();
    });
    this.child.on("exit", (code) => {
      this.exitCode = code;
      this.#wake();
    });
  }

  /** The disk has space again (Linux: prlimit of util-linux). */
  allowLargeFiles(): void {
    execFileSync("prlimit", ["--pid", String(this.child.pid), "--fsize=unlimited:"]);
  }

  send(message: CoreMessage): void {
    this.child.send(message);
  }

  /** The first event that `matches`; undefined where the process ended before. */
  async until(matches: (event: WorkerEvent) => boolean): Promise<WorkerEvent | undefined> {
    for (;;) {
      const found = this.events.find(matches);
      if (found || this.exitCode !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  async exit(): Promise<number | null> {
    await this.until(() => false);
    return this.exitCode ?? null;
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** Runs a job to its end. */
export async function runJob(job: TrainJob): Promise<WorkerProcess> {
  const worker = new WorkerProcess();
  worker.send({ type: "job", job });
  await worker.exit();
  return worker;
}

/** The entries of the steps in a folder's trainer_state.json. */
export function stepEntries(folder: string): StepLogEntry[] {
  const state = readTrainerState(readFileSync(join(folder, "trainer_state.json"), "utf8"));
  return state.log_history.filter((entry): entry is StepLogEntry => "loss" in entry);
}
