import type { SiftClient } from "#shared/contract/client.ts";
import type { RunState, RunSummary } from "#shared/contract/runs.ts";

const ACTIVE: ReadonlySet<RunState> = new Set<RunState>(["queued", "running", "stopping"]);

export interface ActivityListener {
  /** The runs that go on or wait, whenever that changes. */
  changed(active: readonly RunSummary[]): void;
  ended?(run: RunSummary): void;
}

/** Follows which runs go on, through the contract, until the signal aborts: for the quit question and for keeping the machine awake. */
export async function followActivity(
  client: SiftClient,
  listener: ActivityListener,
  signal: AbortSignal,
): Promise<void> {
  let known = new Map<string, RunSummary>();
  const refresh = async () => {
    const runs = await client.runs.list();
    const active = new Map(runs.filter((run) => ACTIVE.has(run.state)).map((run) => [run.id, run]));
    for (const run of runs) if (known.has(run.id) && !active.has(run.id)) listener.ended?.(run);
    const same = active.size === known.size && [...active.keys()].every((id) => known.has(id));
    known = active;
    if (!same) listener.changed([...active.values()]);
  };
  const events = await client.system.events(undefined, { signal });
  await refresh();
  for await (const event of events) if (event.type === "runs") await refresh();
}
