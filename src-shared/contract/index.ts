import { costsContract } from "./costs.ts";
import { datasetsContract } from "./datasets.ts";
import { liveContract } from "./live.ts";
import { chatContract, modelsContract } from "./models.ts";
import { packingContract } from "./packing.ts";
import { preparedContract } from "./prepared.ts";
import { runsContract } from "./runs.ts";
import { systemContract } from "./system.ts";
import { templatesContract } from "./templates.ts";
import { textContract } from "./text.ts";
import { waiversContract } from "./waivers.ts";

/** Everything that a renderer or another process can ask of core; the transport does not matter. */
export const contract = {
  system: systemContract,
  datasets: datasetsContract,
  text: textContract,
  templates: templatesContract,
  live: liveContract,
  packing: packingContract,
  waivers: waiversContract,
  costs: costsContract,
  prepared: preparedContract,
  models: modelsContract,
  runs: runsContract,
  chat: chatContract,
};
export type Contract = typeof contract;
