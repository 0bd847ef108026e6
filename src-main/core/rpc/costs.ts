import { modelCosts } from "../runs/costs.ts";
import type { Services } from "../services.ts";
import { procedures } from "./base.ts";

export function costsRouter({ store }: Services) {
  return { ofModel: procedures.costs.ofModel.handler(({ input }) => modelCosts(store, input.modelPath)) };
}
