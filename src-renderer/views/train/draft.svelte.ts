import * as v from "valibot";
import { configValue, type ConfigValue, type RunDetail } from "#shared/contract/runs.ts";
import type { EncodeSettings, TemplateChoice } from "#shared/contract/text.ts";
import { EOS_CHOICES, REASONING_CHOICES } from "#shared/text/mask/options.ts";
import { MASK_KEYS, maskOptionsOf, type MaskSettings, maskSettingsOf } from "#shared/text/mask/settings.ts";
import { MASK_POLICIES } from "#shared/text/types.ts";
import type { PlanPreview } from "#shared/contract/runs.ts";
import { rowOptionsFrom, rowValues, ROW_KEYS, withRowValue } from "./row-options.ts";
import { Stored } from "../../state/stored.svelte.ts";
import { workspace } from "../../state/workspace.svelte.ts";

const schema = v.object({
  /** Keys of the run configuration that were set here; the rest are defaults. */
  values: v.record(v.string(), configValue),
  /** Where the values came from, as it is said above the form. */
  from: v.optional(v.object({ kind: v.picklist(["clone", "adapter"]), name: v.string() })),
});
type Stored_ = v.InferOutput<typeof schema>;
const fresh = (): Stored_ => ({ values: {} });

/** Keys that the main fields or core decide; a clone does not take them over as settings. */
const NOT_CLONED: ReadonlySet<string> = new Set([
  "model_name_or_path",
  "train_files",
  "output_dir",
  "run_name",
  "template",
  "resume_from_checkpoint",
  "overwrite_output_dir",
]);
/** Keys that Template shows too; they live in the workspace. */
const SHARED_KEYS = [
  "mask",
  ...MASK_KEYS,
  ...ROW_KEYS,
  "system_message",
  "system_policy",
  "max_length",
  "over_length",
] as const;
type SharedKey = (typeof SHARED_KEYS)[number];
const isSharedKey = (key: string): key is SharedKey => (SHARED_KEYS as readonly string[]).includes(key);

export interface DraftInput {
  readonly versionId: string;
  readonly modelPath: string;
  readonly template: TemplateChoice;
  readonly values: Record<string, ConfigValue>;
}

/** The form's draft. It survives a reload; data, model, template and mask are shared with the other views. */
class TrainDraft {
  readonly #stored = new Stored("train", schema, fresh());

  /** Every value that differs from the default, shared ones included. */
  get values(): Record<string, ConfigValue> {
    const { mask, maskOptions, rowOptions, systemMessage, systemPolicy, maxLength, overLength } = workspace;
    return {
      ...this.#stored.value.values,
      ...(mask === undefined ? {} : { mask }),
      ...listed(maskSettingsOf(maskOptions)),
      ...rowValues(rowOptions),
      ...(systemMessage === undefined ? {} : { system_message: systemMessage }),
      ...(systemPolicy === undefined ? {} : { system_policy: systemPolicy }),
      ...(maxLength === undefined ? {} : { max_length: maxLength }),
      ...(overLength === undefined ? {} : { over_length: overLength }),
    };
  }
  get from(): Stored_["from"] {
    return this.#stored.value.from;
  }

  /** Ready to send; undefined until data and model are chosen. */
  get input(): DraftInput | undefined {
    const { versionId, modelPath, template } = workspace;
    if (versionId === undefined || modelPath === undefined) return undefined;
    return { versionId, modelPath, template, values: this.values };
  }

  /** Sets one key; undefined goes back to its default. */
  set(key: string, value: ConfigValue | undefined): void {
    if (isSharedKey(key)) return setShared(key, value);
    const { [key]: _old, ...others } = this.#stored.value.values;
    this.#change({ values: value === undefined ? others : { ...others, [key]: value } });
  }

  reset(): void {
    for (const key of SHARED_KEYS) setShared(key, undefined);
    this.#stored.value = fresh();
  }

  /** Takes over what a run was started with. */
  clone(run: RunDetail): void {
    this.reset();
    workspace.set({
      modelPath: run.modelPath,
      template: run.template,
      ...(run.versionId === null ? {} : { versionId: run.versionId }),
    });
    for (const entry of run.config) {
      if (entry.source !== "default" && entry.value !== null && !NOT_CLONED.has(entry.key))
        this.set(entry.key, entry.value);
    }
    this.#change({ from: { kind: "clone", name: run.summary.name } });
  }

  /** A new run that goes on from an adapter. */
  continueFrom(adapterPath: string, name: string): void {
    this.reset();
    this.set("adapter_name_or_path", adapterPath);
    this.#change({ from: { kind: "adapter", name } });
  }

  #change(part: Partial<Stored_>): void {
    this.#stored.value = { ...this.#stored.value, ...part };
  }
}

/** Settings of the mask as values of a configuration. */
function listed(settings: Partial<MaskSettings>): Record<string, ConfigValue> {
  const value = (each: MaskSettings[keyof MaskSettings]): ConfigValue => (typeof each === "object" ? [...each] : each);
  return Object.fromEntries(Object.entries(settings).map(([key, each]) => [key, value(each)]));
}

/** A value that its key does not take stays what it was; core says so where the text came from a file. */
function setMaskOption(key: keyof MaskSettings, value: ConfigValue | undefined): void {
  const { [key]: _old, ...others } = listed(maskSettingsOf(workspace.maskOptions));
  const { mask } = workspace;
  const values = { ...others, ...(value === undefined ? {} : { [key]: value }) };
  workspace.set({ maskOptions: maskOptionsFrom(mask ?? null, (name) => values[name]) });
}

/** Options out of values by key; a missing one is its default. */
function maskOptionsFrom(
  mask: string | null,
  valueOf: (key: keyof MaskSettings) => ConfigValue | undefined,
): EncodeSettings["maskOptions"] {
  const isOn = (key: keyof MaskSettings, otherwise: boolean): boolean => {
    const value = valueOf(key);
    return typeof value === "boolean" ? value : otherwise;
  };
  const list = (key: keyof MaskSettings): string[] => {
    const value = valueOf(key);
    return Array.isArray(value) ? value : typeof value === "string" ? [value] : [];
  };
  return maskOptionsOf({
    mask,
    train_on_eos: EOS_CHOICES.find((each) => each === valueOf("train_on_eos")) ?? "turn",
    train_on_header: isOn("train_on_header", mask === "all"),
    train_on_reasoning: REASONING_CHOICES.find((each) => each === valueOf("train_on_reasoning")) ?? "train",
    train_on_tool_calls: isOn("train_on_tool_calls", true),
    train_on_tool_results: isOn("train_on_tool_results", mask === "all"),
    roles_to_train: list("roles_to_train"),
    loss_scale: list("loss_scale"),
  });
}

function setShared(key: SharedKey, value: ConfigValue | undefined): void {
  const text = typeof value === "string" ? value : undefined;
  switch (key) {
    case "train_on_eos":
    case "train_on_header":
    case "train_on_reasoning":
    case "train_on_tool_calls":
    case "train_on_tool_results":
    case "roles_to_train":
    case "loss_scale":
      return setMaskOption(key, value);
    case "truncation_mode":
    case "split_turns":
    case "special_tokens_in_content":
      return workspace.set({ rowOptions: withRowValue(workspace.rowOptions, key, value) });
    case "mask":
      return workspace.set({ mask: MASK_POLICIES.find((each) => each === text) });
    case "system_message":
      return workspace.set({ systemMessage: text });
    case "system_policy":
      return workspace.set({ systemPolicy: POLICIES.find((each) => each === text) });
    case "max_length":
      return workspace.set({ maxLength: typeof value === "number" ? value : undefined });
    case "over_length":
      return workspace.set({ overLength: OVER_LENGTH.find((each) => each === text) });
  }
}
const POLICIES = ["keep", "drop", "replace"] as const;
const OVER_LENGTH = ["error", "truncate", "drop", "split"] as const;

export const trainDraft = new TrainDraft();

/** What decides ids and labels of the planned run: what the proof and the sample rows are made under. */
export function settingsOf(input: DraftInput, plan: PlanPreview): EncodeSettings {
  const value = (key: string): ConfigValue => plan.entries.find((entry) => entry.key === key)?.value ?? null;
  const mask = MASK_POLICIES.find((each) => each === value("mask"));
  const maskOptions = maskOptionsFrom(mask ?? null, value);
  const rowOptions = rowOptionsFrom(value);
  const systemPolicy = POLICIES.find((each) => each === value("system_policy"));
  const overLength = OVER_LENGTH.find((each) => each === value("over_length"));
  const [systemMessage, maxLength] = [value("system_message"), value("max_length")];
  return {
    modelPath: input.modelPath,
    template: input.template,
    ...(mask === undefined ? {} : { mask }),
    ...(maskOptions === undefined ? {} : { maskOptions }),
    ...(rowOptions === undefined ? {} : { rowOptions }),
    ...(typeof systemMessage === "string" ? { systemMessage } : {}),
    ...(systemPolicy === undefined ? {} : { systemPolicy }),
    ...(typeof maxLength === "number" ? { maxLength } : {}),
    ...(overLength === undefined ? {} : { overLength }),
  };
}

/** The configuration cannot be resolved; while it can, `problems` are notes only. */
export const isBroken = (plan: PlanPreview): boolean => plan.evalRows === null;
