import { setImmediate } from "node:timers/promises";
import { layRows } from "./batches.ts";
import type { Run } from "./loop.ts";

/**
 * Mean loss of the scored tokens of all held-out rows, however they are batched, then the answers to the fixed prompts.
 * @returns whether the evaluation is the best so far, and whether early stopping has seen enough
 */
export async function evaluate(run: Run, step: number): Promise<{ best: boolean; enough: boolean }> {
  const measured = run.evaluation ? await measure(run, step) : { best: false, enough: false };
  if (run.samples.count > 0) await sample(run, step);
  run.send({ type: "phase", phase: "training" });
  return measured;
}

async function measure(run: Run, step: number): Promise<{ best: boolean; enough: boolean }> {
  run.send({ type: "phase", phase: "evaluating" });
  let [lossSum, weightSum, supervisedTokens] = [0, 0, 0];
  for (const block of run.evaluation?.blocks ?? []) {
    if (run.control.stopMode === "discard" || !run.evaluation) break;
    const counted = layRows(run.evaluation.data, block);
    if (counted.supervisedTokens === 0) continue;
    const result = await run.trainer.evaluate(counted.batch);
    lossSum += result.lossSum;
    weightSum += result.weightSum;
    supervisedTokens += counted.supervisedTokens;
    await setImmediate();
  }
  if (run.control.stopMode === "discard" || weightSum === 0) return { best: false, enough: false };
  return record(run, { step, evalLoss: lossSum / weightSum, supervisedTokens });
}

function record(
  run: Run,
  result: { step: number; evalLoss: number; supervisedTokens: number },
): { best: boolean; enough: boolean } {
  const { step, evalLoss } = result;
  if (!Number.isFinite(evalLoss)) {
    run.log.write("warning", "sift.train", `Evaluation at step ${step}: the loss is not a finite number`);
    return { ...run.best.observe(step, evalLoss), best: false };
  }
  const found = run.best.observe(step, evalLoss);
  run.history.addEvaluation(step, evalLoss);
  run.send({ type: "evaluation", ...result, best: found.best });
  run.reporter.add(step, { "eval/loss": evalLoss });
  run.log.detail(
    "sift.train",
    `Evaluation at step ${step}: eval_loss ${evalLoss}${found.best ? " (best so far)" : ""}`,
  );
  return found;
}

async function sample(run: Run, step: number): Promise<void> {
  run.send({ type: "phase", phase: "sampling" });
  for await (const answer of run.samples.answer(step)) {
    run.send(answer);
    run.log.detail("sift.samples", `Step ${step}, prompt ${answer.prompt + 1}: ids [${answer.ids.join(", ")}]`);
  }
}
