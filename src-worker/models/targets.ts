import { SiftError } from "#shared/errors.ts";
import { isPattern } from "#shared/formats/target-modules.ts";
import type { DecoderConfig } from "./config.ts";
import {
  EMBEDDING,
  linearModules,
  linearNames,
  LM_HEAD,
  parametersOf,
  type LinearModule,
  type Parameter,
} from "./parameters.ts";

/** `all-linear`; names or ends of names of layers; or one pattern for whole names. */
export type Targets = "all-linear" | readonly string[];

/**
 * The linear layers that PEFT would adapt: a name matches itself and, after a dot, the end of a longer one; a pattern must
 * match a whole name (`re.fullmatch`). @throws SiftError `target-modules` naming what matches nothing.
 */
export function targetedModules(config: DecoderConfig, targets: Targets): LinearModule[] {
  if (targets === "all-linear") return linearModules(config);
  const [first] = targets;
  if (first !== undefined && targets.length === 1 && isPattern(first)) return matching(config, first);
  const hits = (target: string) => (name: string) => name === target || name.endsWith(`.${target}`);
  const all = linearModules(config);
  const wrong = targets.find((target) => !all.some(({ name }) => hits(target)(name)));
  if (wrong !== undefined || targets.length === 0) throw noTarget(config, wrong ?? "an empty list");
  return all.filter(({ name }) => targets.some((target) => hits(target)(name)));
}

function matching(config: DecoderConfig, pattern: string): LinearModule[] {
  const whole = new RegExp(`^(?:${pattern})$`);
  const found = linearModules(config).filter(({ name }) => whole.test(name));
  if (found.length === 0) throw noTarget(config, `the pattern ${pattern}`);
  return found;
}

const noTarget = (config: DecoderConfig, what: string): SiftError =>
  new SiftError("target-modules", `${what} is no linear layer that can be adapted`, {
    where: { what: "target_modules" },
    remedy: `all-linear, some of ${linearNames(config).join(", ")}, or a pattern for names such as ${linearModules(config)[0]?.name ?? ""}`,
  });

/** What `target_modules` of an adapter's configuration says: last names where they mean these layers alone, else whole names. */
export function namesOfTargets(config: DecoderConfig, modules: readonly LinearModule[]): string[] {
  const lastName = (name: string): string => name.slice(name.lastIndexOf(".") + 1);
  const last = [...new Set(modules.map(({ name }) => lastName(name)))].sort();
  const meant = linearModules(config).filter(({ name }) => last.includes(lastName(name)));
  return meant.length === modules.length ? last : modules.map(({ name }) => name);
}

const moduleOf = (parameter: string): string => parameter.replace(/\.(weight|bias)$/, "");

/**
 * Parameters of the modules that an adapter trains and saves whole. As in PEFT a module is meant by any end of its name
 * (`norm` means every norm), and a tied lm_head is a copy of its own then.
 * @throws SiftError `modules-to-save` naming what matches nothing.
 */
export function savedParameters(config: DecoderConfig, names: readonly string[]): Parameter[] {
  const head: Parameter = { name: LM_HEAD, shape: [config.vocabularySize, config.hiddenSize], role: "linear" };
  const all = [...parametersOf(config), ...(config.tied ? [head] : [])];
  const wrong = names.find((name) => !all.some((parameter) => moduleOf(parameter.name).endsWith(name)));
  if (wrong !== undefined) {
    const known = [...new Set(all.map((parameter) => moduleOf(parameter.name).split(".").at(-1)))];
    throw new SiftError("modules-to-save", `${wrong} is no module with weights of its own`, {
      where: { what: "modules_to_save" },
      remedy: `some of ${known.join(", ")}`,
    });
  }
  return all.filter((parameter) => names.some((name) => moduleOf(parameter.name).endsWith(name)));
}

/** Where a saved parameter's first values come from: a tied head's from the embedding. */
export const sourceOf = (config: DecoderConfig, parameter: Parameter): Parameter =>
  config.tied && parameter.name === LM_HEAD ? { ...parameter, name: EMBEDDING, role: "embedding" } : parameter;

/**
 * Parameters of the last `count` layers, or of the first ones where it is negative (LLaMA-Factory's freeze_trainable_layers).
 * @throws SiftError `freeze-layers` where the model has not that many.
 */
export function parametersOfLayers(config: DecoderConfig, count: number): Parameter[] {
  if (count === 0 || Math.abs(count) > config.layers) {
    throw new SiftError("freeze-layers", `${count} layers are to be trained, the model has ${config.layers}`, {
      where: { what: "freeze_trainable_layers" },
      remedy: `1 to ${config.layers} for the last ones, -1 to -${config.layers} for the first ones`,
    });
  }
  const start = count > 0 ? config.layers - count : 0;
  const end = count > 0 ? config.layers : -count;
  return parametersOf(config).filter(({ name }) => {
    const layer = /^model\.layers\.(\d+)\./.exec(name)?.[1];
    return layer !== undefined && Number(layer) >= start && Number(layer) < end;
  });
}
