import { openCore } from "#main/core/index.ts";

/** A core of its own process, to be killed by a test: starts the given run and tells its worker's process id. */
const [home, layers] = process.argv.slice(2);
const core = await openCore({ home, env: {} });
const { runId } = await core.services.runs.train(JSON.parse(layers ?? "[]") as never, []);
let pid = 0;
for await (const { event } of core.services.runs.watch(runId, 0, undefined)) {
  if (event.type === "started") pid = event.pid;
  if (event.type === "checkpoint") process.stdout.write(`${JSON.stringify({ runId, pid })}\n`);
}
