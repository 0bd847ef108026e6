import { core } from "../client.ts";
import { workspace } from "./workspace.svelte.ts";

/** Opens the sample project and makes it what the user works on; opened once more, it is only chosen again. */
export async function openSample(): Promise<{ datasetId: string }> {
  const sample = await core.system.sample.open({});
  const template =
    sample.template === "own" ? ({ kind: "own" } as const) : ({ kind: "preset", name: sample.template } as const);
  workspace.set({
    datasetId: sample.datasetId,
    versionId: sample.versionId,
    rowId: undefined,
    modelPath: sample.modelPath,
    template,
    mask: undefined,
    systemMessage: undefined,
    systemPolicy: undefined,
  });
  return { datasetId: sample.datasetId };
}
