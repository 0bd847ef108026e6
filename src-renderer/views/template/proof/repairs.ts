import type { EncodeSettings, Proof } from "#shared/contract/text.ts";
import { DEFAULT_REPAIRS, type FindingClass, type RepairName } from "#shared/text/findings.ts";
import type { Catalogue } from "../../../i18n/en.ts";
import type { workspace } from "../../../state/workspace.svelte.ts";
import { choiceName } from "../choice-name.ts";

/** Repairs that change a setting. */
export type RepairKind = Exclude<RepairName, "exclude-rows">;
type Change = Parameters<(typeof workspace)["set"]>[0];
type Words = Catalogue["proof"];

/** What would be changed about a class of findings: one setting, before and after. */
export interface Repair {
  readonly kind: RepairKind;
  readonly change: Change;
  readonly setting: string;
  readonly before: string;
  readonly after: string;
}

/** What is offered for a class (DEFAULT_REPAIRS): a change of the settings, or that its rows are left out. */
export function repairOf(name: string, proof: Proof, words: Words): Repair | "exclude-rows" {
  const candidates = isFindingClass(name) ? DEFAULT_REPAIRS[name] : [];
  for (const candidate of candidates) {
    if (candidate === "exclude-rows") break;
    const repair = MAKERS[candidate](proof, words);
    if (repair) return repair;
  }
  return "exclude-rows";
}

const isFindingClass = (name: string): name is FindingClass => name in DEFAULT_REPAIRS;

/** Each answers undefined where it would change nothing. */
const MAKERS: Readonly<Record<RepairKind, (proof: Proof, words: Words) => Repair | undefined>> = {
  "max-length": ({ settings, longestRow }, { setting, values }) =>
    settings.maxLength !== undefined && settings.maxLength >= longestRow
      ? undefined
      : {
          kind: "max-length",
          change: { maxLength: longestRow },
          setting: setting.max_length,
          before: settings.maxLength === undefined ? values.none : String(settings.maxLength),
          after: String(longestRow),
        },
  "plain-specials": ({ settings }, { setting, values }) =>
    settings.rowOptions?.specialTokens === "plain"
      ? undefined
      : {
          kind: "plain-specials",
          change: { rowOptions: { ...settings.rowOptions, specialTokens: "plain" } },
          setting: setting.special,
          before: values.keep,
          after: values.plain,
        },
  "split-turns": ({ settings }, { setting, values }) =>
    settings.rowOptions?.splitTurns === true
      ? undefined
      : {
          kind: "split-turns",
          change: { rowOptions: { ...settings.rowOptions, splitTurns: true } },
          setting: setting.split,
          before: values.no,
          after: values.yes,
        },
  "train-ends": trainEnds,
  "own-template": ownTemplate,
  "default-mask": defaultMask,
};

function trainEnds({ settings }: Proof, { setting, values }: Words): Repair | undefined {
  const { endOfTurn, ...others } = settings.maskOptions ?? {};
  if (endOfTurn === undefined || endOfTurn === "turn") return undefined;
  return {
    kind: "train-ends",
    change: { maskOptions: Object.keys(others).length > 0 ? others : undefined },
    setting: setting.ends,
    before: endOfTurn,
    after: values.every,
  };
}

function ownTemplate({ settings }: Proof, { setting, values }: Words): Repair | undefined {
  if (settings.template.kind === "own") return undefined;
  return {
    kind: "own-template",
    change: { template: { kind: "own" } },
    setting: setting.template,
    before: choiceName(settings.template, { own: values.own, text: "Jinja" }),
    after: values.own,
  };
}

function defaultMask({ settings }: Proof, { setting, values }: Words): Repair | undefined {
  if (settings.mask === undefined && settings.maskOptions === undefined) return undefined;
  return {
    kind: "default-mask",
    change: { mask: undefined, maskOptions: undefined },
    setting: setting.mask,
    before: settings.mask ?? values.custom,
    after: values.standard,
  };
}

/** The settings after a repair, for a preview of it. */
export function settingsAfter(settings: EncodeSettings, change: Change): EncodeSettings {
  const { mask, maskOptions, rowOptions, maxLength, ...kept } = { ...settings, ...change } as EncodeSettings;
  return {
    modelPath: kept.modelPath,
    template: kept.template,
    ...(mask === undefined ? {} : { mask }),
    ...(maskOptions === undefined ? {} : { maskOptions }),
    ...(rowOptions === undefined ? {} : { rowOptions }),
    ...(kept.systemMessage === undefined ? {} : { systemMessage: kept.systemMessage }),
    ...(kept.systemPolicy === undefined ? {} : { systemPolicy: kept.systemPolicy }),
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(kept.overLength === undefined ? {} : { overLength: kept.overLength }),
  };
}
