import type { Services } from "../services.ts";
import { procedures } from "./base.ts";

export function modelsRouter({ models, runs }: Services) {
  const os = procedures.models;
  return {
    list: os.list.handler(() => ({ models: models.list(), made: runs.madeModels() })),
    inspect: os.inspect.handler(({ input }) => models.inspect(input.path)),
    addTokens: os.addTokens.handler(({ input, signal }) => models.addTokens(input.path, input.tokens, signal)),
    add: os.add.handler(({ input }) => models.add(input.path)),
    forget: os.forget.handler(({ input }) => {
      models.forget(input.path);
      return {};
    }),
  };
}
