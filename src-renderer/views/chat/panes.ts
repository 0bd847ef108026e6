import * as v from "valibot";
import { templateChoice } from "#shared/contract/text.ts";
import type { MadeModel, ModelEntry } from "#shared/contract/models.ts";
import type { RunSummary } from "#shared/contract/runs.ts";

export const MAX_PANES = 4;

/** What one pane talks to; the same fields as the contract's ChatPane. */
export const paneSetup = v.object({
  modelPath: v.string(),
  adapterPath: v.nullable(v.string()),
  /** The run whose template is used; null: `template`. */
  runId: v.nullable(v.string()),
  template: templateChoice,
});
export type PaneSetup = v.InferOutput<typeof paneSetup>;

export interface Listing {
  readonly models: readonly ModelEntry[];
  readonly made: readonly MadeModel[];
}

/** A base model with its own template, or with that of a run it is compared with. */
export const basePane = (modelPath: string, runId: string | null = null): PaneSetup => ({
  modelPath,
  adapterPath: null,
  runId,
  template: { kind: "own" },
});

export const madePane = (made: MadeModel): PaneSetup => ({
  modelPath: made.kind === "adapter" ? made.baseModelPath : made.path,
  adapterPath: made.kind === "adapter" ? made.path : null,
  runId: made.runId,
  template: { kind: "own" },
});

/** The model that a pane answers with: an adapter's folder, else the model's. */
export const paneKey = (pane: PaneSetup): string => pane.adapterPath ?? pane.modelPath;

export const madeOf = (listing: Listing, pane: PaneSetup): MadeModel | undefined =>
  listing.made.find((made) => made.path === paneKey(pane));

export const canChat = (model: ModelEntry): boolean => model.problem === null && model.hasTokenizer;

/** The furthest model that a run has made, or the one at `path`. */
export function madeByRun(listing: Listing, runId: string, path = ""): MadeModel | undefined {
  const all = listing.made.filter((made) => made.runId === runId);
  const last = all.reduce<MadeModel | undefined>(
    (best, made) => (!best || made.step > best.step ? made : best),
    undefined,
  );
  return all.find((made) => made.path === path) ?? last;
}

/** A trained model beside its base, both under the template of the run. */
export const besideBase = (made: MadeModel): PaneSetup[] => [basePane(made.baseModelPath, made.runId), madePane(made)];

/** What is opened at first: the newest finished run beside its base model, else the first base model. */
export function defaultPanes(listing: Listing, runs: readonly RunSummary[]): PaneSetup[] {
  const newestFirst = [...runs].filter((run) => run.state === "done").sort((a, b) => b.createdAt - a.createdAt);
  for (const run of newestFirst) {
    const made = madeByRun(listing, run.id);
    if (made) return besideBase(made);
  }
  const [first] = listing.models.filter(canChat);
  return first ? [basePane(first.path)] : [];
}

export interface Wanted {
  readonly run: string;
  readonly path: string;
  readonly runs: string;
  readonly model: string;
}

/** The panes that an address asks for; undefined where it asks for none. */
export function wantedPanes(listing: Listing, wanted: Wanted): PaneSetup[] | undefined {
  if (wanted.model !== "") return [basePane(wanted.model)];
  if (wanted.run !== "") {
    const made = madeByRun(listing, wanted.run, wanted.path);
    return made && besideBase(made);
  }
  const made = wanted.runs.split(",").flatMap((id) => madeByRun(listing, id) ?? []);
  return made.length === 0 ? undefined : made.slice(0, MAX_PANES).map(madePane);
}

/** What a new pane talks to: a model that no pane has yet, a trained one first; else the same as the last pane. */
export function nextPane(listing: Listing, panes: readonly PaneSetup[]): PaneSetup | undefined {
  const taken = new Set(panes.map(paneKey));
  const made = listing.made.find((each) => !taken.has(each.path));
  const base = listing.models.find((each) => canChat(each) && !taken.has(each.path));
  return made ? madePane(made) : base ? basePane(base.path) : panes.at(-1);
}
