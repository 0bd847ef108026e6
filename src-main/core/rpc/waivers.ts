import type { Services } from "../services.ts";
import { procedures } from "./base.ts";

export function waiversRouter({ waivers }: Services) {
  const os = procedures.waivers;
  return {
    list: os.list.handler(({ input }) => waivers.list(input.proofId)),
    add: os.add.handler(({ input }) => waivers.add(input.proofId, input.class, input.reason)),
    remove: os.remove.handler(({ input }) => {
      waivers.remove(input.waiverId);
      return {};
    }),
  };
}
