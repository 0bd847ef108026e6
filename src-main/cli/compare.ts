import type { Command } from "commander";
import type { Comparison } from "#shared/contract/runs.ts";
import { action, EXIT, newCommand, UsageError } from "./command.ts";
import type { CommonOptions } from "./command.ts";
import { findRun } from "./find-run.ts";
import { table } from "./output.ts";
import { withHome } from "./with-home.ts";

/** `sift compare`: a verdict in a sentence, what differs, how they ended. */
export function compareCommand(): Command {
  const command = newCommand("compare")
    .description("compare runs: verdict, differences, losses")
    .argument("<run...>", "ids or names");
  return action<CommonOptions>(command, async ({ options, args, output }) => {
    if (args.length < 2) throw new UsageError("name two or more runs to compare");
    const comparison = await withHome(options, async (client) => {
      const runs = await client.runs.list();
      return client.runs.compare({ runIds: args.map((wanted) => findRun(runs, wanted).id) });
    });
    output.result(comparison, () => report(comparison));
    return EXIT.ok;
  });
}

function report({ verdict, runs, differences }: Comparison): string {
  const loss = (value: number | null) => (value === null ? "-" : value.toFixed(4));
  const rows = [
    ["", ...runs.map((run) => run.name)],
    ["state", ...runs.map((run) => run.state)],
    ["steps", ...runs.map((run) => String(run.step))],
    ["last loss", ...runs.map((run) => loss(run.lastLoss))],
    ["evaluation loss", ...runs.map((run) => loss(run.evalLoss))],
    ...differences.map(({ key, values }) => [key, ...values]),
  ];
  return `${verdict}\n\n${table(rows)}`;
}
