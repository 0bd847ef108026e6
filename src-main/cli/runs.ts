import type { Command } from "commander";
import type { RunSummary } from "#shared/contract/runs.ts";
import { action, EXIT, newCommand } from "./command.ts";
import type { CommonOptions } from "./command.ts";
import { table } from "./output.ts";
import { withHome } from "./with-home.ts";

/** `sift runs`: what was trained, newest first. */
export function runsCommand(): Command {
  const command = newCommand("runs").description("list the runs of the workbench");
  return action<CommonOptions>(command, async ({ options, output }) => {
    const runs = await withHome(options, (client) => client.runs.list());
    output.result({ runs }, () =>
      runs.length === 0 ? "There are no runs yet." : table([HEADINGS, ...runs.map(cells)]),
    );
    return EXIT.ok;
  });
}

const HEADINGS = ["RUN", "NAME", "STATE", "STEP", "LOSS", "EVAL", "MODEL", "DATA", "CHANGED"];

function cells(run: RunSummary): string[] {
  const loss = (value: number | null) => (value === null ? "-" : value.toFixed(4));
  const changed = Object.entries(run.changed).map(([key, value]) => `${key}=${value}`);
  const step = `${run.step}/${run.totalSteps ?? "?"}`;
  return [
    run.id,
    run.name,
    run.state,
    step,
    loss(run.lastLoss),
    loss(run.evalLoss),
    run.modelName,
    run.datasetName,
    changed.join(" "),
  ];
}
