import { SiftError } from "#shared/errors.ts";
import type { RunSummary } from "#shared/contract/runs.ts";

/** The run that a person means: its id, its name, or the beginning of an id that only one has. */
export function findRun(runs: readonly RunSummary[], wanted: string): RunSummary {
  const exact =
    runs.find((run) => run.id === wanted) ??
    only(
      runs.filter((run) => run.name === wanted),
      wanted,
    );
  const found =
    exact ??
    only(
      runs.filter((run) => run.id.startsWith(wanted)),
      wanted,
    );
  if (found) return found;
  throw new SiftError("no-such-run", `There is no run ${wanted}.`, { remedy: "`sift runs` lists them." });
}

function only(matches: readonly RunSummary[], wanted: string): RunSummary | undefined {
  if (matches.length <= 1) return matches[0];
  const ids = matches.map(({ id }) => id).join(", ");
  throw new SiftError("ambiguous-run", `${wanted} may mean ${ids}.`, { remedy: "Name the run by its id." });
}
