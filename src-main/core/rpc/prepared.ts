import type { Services } from "../services.ts";
import { procedures } from "./base.ts";

export function preparedRouter({ prepared }: Services) {
  const os = procedures.prepared;
  return {
    compare: os.compare.handler(({ input }) => ({ jobId: prepared.compare(input) })),
    comparison: os.comparison.handler(({ input }) => prepared.comparison(input.comparisonId)),
    export: os.export.handler(({ input }) => ({ jobId: prepared.export(input) })),
  };
}
