import type { Services } from "../services.ts";
import { procedures } from "./base.ts";
import { chatRouter } from "./chat.ts";
import { costsRouter } from "./costs.ts";
import { datasetsRouter } from "./datasets.ts";
import { liveModel } from "../text/live.ts";
import { modelsRouter } from "./models.ts";
import { packingRouter } from "./packing.ts";
import { preparedRouter } from "./prepared.ts";
import { runsRouter } from "./runs.ts";
import { systemRouter } from "./system.ts";
import { templatesRouter } from "./templates.ts";
import { textRouter } from "./text.ts";
import { waiversRouter } from "./waivers.ts";

/** Contract → services. */
export function coreRouter(services: Services) {
  return procedures.router({
    system: systemRouter(services),
    datasets: datasetsRouter(services),
    text: textRouter(services),
    templates: templatesRouter(services),
    live: { model: procedures.live.model.handler(({ input }) => liveModel(input)) },
    packing: packingRouter(services),
    waivers: waiversRouter(services),
    costs: costsRouter(services),
    prepared: preparedRouter(services),
    models: modelsRouter(services),
    runs: runsRouter(services),
    chat: chatRouter(services),
  });
}
export type CoreRouter = ReturnType<typeof coreRouter>;
