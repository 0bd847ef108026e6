export type * from "./types.ts";
export { CONFIG_KEYS, CONFIG_KEY_NAMES, isConfigKey, MIN_ROWS_FOR_SPLIT } from "./keys.ts";
export { FOREIGN_NAMES, type ForeignName } from "./foreign.ts";
export { parseRunConfig, requireConfig, resolveConfig } from "./resolve.ts";
export { parseFlag, parseFlags, type ParsedFlags } from "./flags.ts";
export { readYaml, toCommand, toYaml } from "./yaml.ts";
export { learningRateFactor, planSteps, type StepPlan } from "./schedule.ts";
export {
  estimateDisk,
  estimateMemory,
  LOGIT_BYTES,
  tokensAtOnce,
  trainedParameters,
  type MemoryEstimate,
  type ModelShape,
} from "./memory.ts";
