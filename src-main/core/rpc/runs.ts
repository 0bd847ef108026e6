import type { Services } from "../services.ts";
import { notImplemented, procedures } from "./base.ts";

export function runsRouter(_services: Services) {
  const os = procedures.runs;
  return {
    list: os.list.handler(() => []),
    get: os.get.handler(() => notImplemented("runs")),
    plan: os.plan.handler(() => notImplemented("the plan")),
    start: os.start.handler(() => notImplemented("training")),
    stop: os.stop.handler(() => notImplemented("training")),
    resume: os.resume.handler(() => notImplemented("training")),
    rename: os.rename.handler(() => notImplemented("runs")),
    remove: os.remove.handler(() => notImplemented("runs")),
    metrics: os.metrics.handler(() => notImplemented("runs")),
    watch: os.watch.handler(() => notImplemented("runs")),
    log: os.log.handler(() => notImplemented("runs")),
    compare: os.compare.handler(() => notImplemented("the comparison")),
  };
}
