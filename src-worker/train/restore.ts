import { join } from "node:path";
import { formatError, toErrorReport } from "#shared/errors.ts";
import { checkpointName } from "#shared/formats/checkpoint.ts";
import { verifyCheckpoint } from "./checkpoints.ts";
import type { Run } from "./loop.ts";

/**
 * Puts the weights of the best evaluation back before the result is saved.
 * @returns the step they are of; undefined where the last step is the result
 */
export async function restoreBest(run: Run, lastStep: number): Promise<number | undefined> {
  const best = run.best.keptStep;
  if (best === null || best === lastStep) return undefined;
  const path = join(run.outputDir, checkpointName(best));
  try {
    await verifyCheckpoint(path);
    run.trainer.loadWeights(path);
  } catch (error) {
    const why = formatError(toErrorReport(error));
    run.log.write("warning", "sift.train", `The best checkpoint cannot be used, the last step is the result: ${why}`);
    return undefined;
  }
  run.log.write("info", "sift.train", `The result is the best evaluation's: ${path}`);
  return best;
}
