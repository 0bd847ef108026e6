import type { Command } from "commander";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { formatError } from "#shared/errors.ts";
import { CONFIG_KEYS, parseFlags, readYaml } from "#shared/config/index.ts";
import type { ConfigLayer } from "#shared/config/index.ts";
import type { SiftClient } from "#shared/contract/client.ts";
import type { ConfigValue, RunDetail, RunState } from "#shared/contract/runs.ts";
import { action, EXIT, newCommand, UsageError } from "./command.ts";
import type { CommonOptions, ExitCode } from "./command.ts";
import { KeepAwake } from "./keep-awake.ts";
import { table } from "./output.ts";
import type { Output } from "./output.ts";
import { existingFile } from "./text-flags.ts";
import { TrainingProgress } from "./training-progress.ts";
import { withHome } from "./with-home.ts";

interface TrainFlags extends CommonOptions {
  readonly waive?: readonly string[];
}

/** `sift train`: one run in the foreground, recorded like any other; Ctrl-C stops it and saves a checkpoint. */
export function trainCommand(): Command {
  const command = newCommand("train")
    .description("train in the foreground; exit 0 done, 1 failed, 130 stopped")
    .usage("RUN.yaml [--key value …]")
    .option("--waive <class>", "go on in spite of this class of findings (may be repeated)", addTo, [])
    .argument("[run.yaml]", "run file; every key of it is also a flag")
    .allowUnknownOption()
    .allowExcessArguments()
    .addHelpText("after", keysHelp);
  return action<TrainFlags>(command, async ({ options, args, output }) => {
    const layers = configLayers(args);
    const detail = await withHome({ home: options.home, trains: true }, (client) =>
      train(client, { layers, waive: options.waive ?? [], output }),
    );
    const { summary, outputDir, error } = detail;
    const { id: run, name, state, step } = summary;
    output.result(
      { run, name, state, step, output_dir: outputDir, error, performance: performanceJson(detail) },
      () => `${summary.sentence}\n${outputDir}`,
    );
    return exitCode(summary.state);
  });
}

/** Tokens a second, shares from 0 to 1, GFLOP/s, bytes; null where it was not measured. */
function performanceJson({ performance, taken, forecast }: RunDetail): Record<string, number | null> {
  const giga = (value: number | null | undefined): number | null => (value ? value / 1e9 : null);
  return {
    supervised_tokens_per_second: performance?.supervisedTokensPerSecond ?? null,
    prompt_tokens_per_second: performance?.promptTokensPerSecond ?? null,
    padding_share: performance?.paddingShare ?? null,
    data_wait_share: performance?.dataShare ?? null,
    gflops_per_second: giga(performance?.flopsPerSecond),
    peak_gflops_per_second: giga(performance?.peakFlopsPerSecond),
    peak_memory_bytes: taken.memoryBytes,
    planned_memory_bytes: forecast?.memoryBytes ?? null,
    planned_seconds: forecast?.seconds ?? null,
    seconds: taken.seconds,
    disk_bytes: taken.diskBytes,
  };
}

const addTo = (value: string, earlier: readonly string[]): string[] => [...earlier, ...value.split(",")];

/** Every key of a run with its default, from the table that resolves them. */
function keysHelp(): string {
  const rows = Object.entries(CONFIG_KEYS).map(([key, spec]) => {
    const choices = spec.choices ? spec.choices.join(" | ") : spec.type;
    return [`  --${key}`, choices, spec.required ? "required" : defaultText(spec.defaultValue)];
  });
  return `\nKeys of a run (names of TrainingArguments and PEFT), kind, default:\n${table(rows)}`;
}

function defaultText(value: ConfigValue): string {
  if (value === null) return "-";
  if (Array.isArray(value)) return value.length === 0 ? "-" : value.join(" ");
  return String(value);
}

/** The run file, then the flags over it; relative paths count from where each was written. */
function configLayers(args: readonly string[]): ConfigLayer[] {
  const { layer, positionals } = parseFlags(args, process.cwd());
  const [path, surplus] = positionals;
  if (surplus !== undefined) throw new UsageError(`one run file is expected, '${surplus}' is left over`);
  if (path === undefined) return [layer];
  const file = existingFile("run.yaml", path);
  return [{ ...readYaml(readFileSync(file, "utf8"), file), baseDir: dirname(file) }, layer];
}

function exitCode(state: RunState): ExitCode {
  if (state === "done") return EXIT.ok;
  return state === "stopped" ? EXIT.stopped : EXIT.failed;
}

interface TrainRequest {
  readonly layers: readonly ConfigLayer[];
  readonly waive: readonly string[];
  readonly output: Output;
}

async function train(client: SiftClient, { layers, waive, output }: TrainRequest): Promise<RunDetail> {
  const from = Date.now();
  const request = { layers: layers.map(sendable), waive: [...waive] };
  const { runId, notices } = await client.runs.train(request);
  for (const { key, message } of notices) output.notice(`${key}: ${message}`);
  const awake = new KeepAwake({ onUnavailable: (reason) => output.notice(reason) });
  const release = stopOnSignal(client, { runId, output });
  awake.set(true);
  try {
    const progress = new TrainingProgress(output, from);
    for await (const event of await client.runs.watch({ runId, afterSequence: 0 })) progress.show(event);
    progress.end();
  } finally {
    awake.set(false);
    release();
  }
  const detail = await client.runs.get({ runId });
  if (detail.error) output.notice(`sift: ${formatError(detail.error)}`);
  return detail;
}

/** The contract's layer has no absent fields that are present as undefined, and mutable objects. */
function sendable({ source, values, baseDir, file, lines }: ConfigLayer) {
  if (source === "form") throw new UsageError("a form is no part of a command line");
  return {
    source,
    values: { ...values },
    ...(baseDir !== undefined && { baseDir }),
    ...(file !== undefined && { file }),
    ...(lines !== undefined && { lines: { ...lines } }),
  };
}

/** A terminal sends Ctrl-C to every process of the group, and a launcher passes it on: the same key twice within this is one. */
const SAME_SIGNAL_MS = 500;

/** The first signal stops and saves, another one stops without saving. Returns how to stop listening. */
function stopOnSignal(client: SiftClient, { runId, output }: { runId: string; output: Output }): () => void {
  let first = 0;
  const handle = () => {
    const now = performance.now();
    if (first !== 0 && now - first < SAME_SIGNAL_MS) return;
    const save = first === 0;
    first ||= now;
    output.notice(save ? "\nStopping after this step and saving; Ctrl-C again to stop without saving." : "\nStopping.");
    client.runs.stop({ runId, save }).catch(() => undefined); // it has just ended by itself
  };
  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  return () => {
    process.off("SIGINT", handle);
    process.off("SIGTERM", handle);
  };
}
