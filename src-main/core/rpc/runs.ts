import type { Services } from "../services.ts";
import { mapStreamErrors, procedures } from "./base.ts";

export function runsRouter({ runs }: Services) {
  const os = procedures.runs;
  return {
    list: os.list.handler(() => runs.list()),
    get: os.get.handler(({ input }) => runs.get(input.runId)),
    plan: os.plan.handler(({ input }) => runs.plan(input)),
    checkSetup: os.checkSetup.handler(({ input, signal }) => runs.checkSetup(input, signal)),
    measure: os.measure.handler(async ({ input, signal }) => {
      await runs.measure(input, signal);
      return {};
    }),
    start: os.start.handler(async ({ input }) => ({ runId: await runs.start(input) })),
    train: os.train.handler(({ input }) => runs.train(input.layers, input.waive)),
    stop: os.stop.handler(({ input }) => runs.stop(input.runId, input.save)),
    resume: os.resume.handler(({ input }) => runs.resume(input.runId)),
    saveNow: os.saveNow.handler(({ input }) => runs.saveNow(input.runId)),
    extend: os.extend.handler(({ input }) => runs.extend(input.runId, input)),
    samples: os.samples.handler(({ input }) => runs.samples(input.runId)),
    rename: os.rename.handler(({ input }) => runs.rename(input.runId, input.name)),
    remove: os.remove.handler(({ input }) => {
      runs.remove(input.runId, input.deleteFiles);
      return {};
    }),
    metrics: os.metrics.handler(({ input }) => runs.metrics(input.runId)),
    watch: os.watch.handler(({ input, signal }) =>
      mapStreamErrors(runs.watch(input.runId, input.afterSequence, signal)),
    ),
    log: os.log.handler(({ input }) => runs.log(input.runId)),
    compare: os.compare.handler(({ input }) => runs.compare(input.runIds)),
  };
}
