import type { Services } from "../services.ts";
import { procedures } from "./base.ts";

export function packingRouter({ packing }: Services) {
  const os = procedures.packing;
  return {
    summary: os.summary.handler(({ input }) => packing.table.summary(input.proofId, input.maxLength)),
    packs: os.packs.handler(({ input }) => packing.table.page(input.proofId, input.maxLength, input)),
    compare: os.compare.handler(({ input, signal }) => packing.compare(input, signal)),
  };
}
