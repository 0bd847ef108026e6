import { createRouterClient } from "@orpc/server";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import type { Job } from "#shared/contract/system.ts";
import { openCore, type Core, type CoreOptions } from "#main/core/index.ts";

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Runs when the test ends, last registered first. */
export function onEnd(cleanup: () => void | Promise<void>): void {
  cleanups.push(cleanup);
}

/** An empty folder, gone after the test. Its name has a space and Chinese in it, as users' folders do. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "sift 测试-"));
  onEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** No caches of this machine leak into a test. */
export const bareEnvironment = (folder: string): Record<string, string> => ({
  HF_HOME: join(folder, "no-hf"),
  MODELSCOPE_CACHE: join(folder, "no-ms"),
});

/** A core on a fresh home (or the given one), with the contract's client over its router. */
export async function startCore(options: CoreOptions = {}) {
  const home = options.home ?? temporaryFolder();
  const core = await openCore({ env: bareEnvironment(home), ...options, home });
  onEnd(() => core.close());
  return { core, home, client: clientOf(core) };
}

export const clientOf = (core: Core) => createRouterClient(core.router);
export type CoreClient = ReturnType<typeof clientOf>;

/** The job once it has ended. */
export async function finishedJob(client: CoreClient, jobId: string): Promise<Job> {
  let last: Job | undefined;
  for await (const job of await client.system.jobs.watch({ jobId })) last = job;
  if (!last) throw new Error("the job reported nothing");
  return last;
}

/** Writes a data file and imports it; the dataset. @throws where the import fails */
export async function importText(client: CoreClient, text: string, name = "rows.jsonl") {
  const file = join(temporaryFolder(), name);
  writeFileSync(file, text);
  return importFile(client, file);
}

export async function importFile(client: CoreClient, file: string) {
  const { jobId } = await client.datasets.import({ files: [file], name: "rows" });
  const job = await finishedJob(client, jobId);
  if (job.resultId === null) throw new Error(job.error?.message ?? job.state);
  return client.datasets.get({ datasetId: job.resultId });
}

/** A JSONL line in OpenAI's shape. */
export const chatLine = (...turns: [role: string, content: string][]): string =>
  JSON.stringify({ messages: turns.map(([role, content]) => ({ role, content })) });
