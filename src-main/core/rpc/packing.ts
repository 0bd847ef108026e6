import type { Services } from "../services.ts";
import { procedures } from "./base.ts";

export function packingRouter({ packing }: Services) {
  const os = procedures.packing;
  return {
    packs: os.packs.handler(({ input, signal }) => packing.packs(input, signal)),
    compare: os.compare.handler(({ input, signal }) => packing.compare(input, signal)),
  };
}
