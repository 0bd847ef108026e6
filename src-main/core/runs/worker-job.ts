import type { SiftError } from "#shared/errors.ts";
import type { CoreMessage, WorkerEvent } from "#shared/worker/protocol.ts";
import { cancelled } from "../system/jobs.ts";
import { fromReport } from "../system/reports.ts";
import { explainExit } from "./failure.ts";
import { WorkerProcess } from "./worker-process.ts";

type Job = Extract<CoreMessage, { type: "job" }>["job"];

/**
 * Starts a worker for one question and answers its events of one type when it has ended. It is killed when nobody waits any more.
 * @param folder named where the process dies
 * @throws SiftError of the job, `cancelled`
 */
export function askWorker<Type extends WorkerEvent["type"]>(
  job: Job,
  type: Type,
  { folder, signal }: { folder: string; signal?: AbortSignal | undefined },
): Promise<Extract<WorkerEvent, { type: Type }>[]> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(cancelled());
    const found: Extract<WorkerEvent, { type: Type }>[] = [];
    let failed: SiftError | undefined;
    const worker = new WorkerProcess({
      onEvent: (event) => {
        if (event.type === type) found.push(event as Extract<WorkerEvent, { type: Type }>);
        else if (event.type === "failed") failed = fromReport(event.error);
      },
      onExit: (exit) => {
        signal?.removeEventListener("abort", stop);
        if (signal?.aborted) reject(cancelled());
        else if (failed) reject(failed);
        else if (exit.code === 0 && found.length > 0) resolve(found);
        else reject(fromReport(explainExit(exit, { outputDir: folder })));
      },
    });
    const stop = (): void => worker.kill();
    signal?.addEventListener("abort", stop);
    worker.send({ type: "job", job });
  });
}
