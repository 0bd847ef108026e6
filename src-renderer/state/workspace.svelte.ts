import * as v from "valibot";
import { CONFIG_KEYS } from "#shared/config/keys.ts";
import { encodeSettings, templateChoice, type EncodeSettings, type TemplateChoice } from "#shared/contract/text.ts";
import { MASK_POLICIES, type MaskPolicy } from "#shared/text/types.ts";
import { Stored } from "./stored.svelte.ts";

const selection = v.object({
  datasetId: v.optional(v.string()),
  versionId: v.optional(v.string()),
  rowId: v.optional(v.string()),
  modelPath: v.optional(v.string()),
  template: templateChoice,
  /** Name of the saved template that the draft began as. */
  draftOf: v.optional(v.string()),
  mask: v.optional(v.picklist(MASK_POLICIES)),
  maskOptions: encodeSettings.entries.maskOptions,
  rowOptions: encodeSettings.entries.rowOptions,
  systemMessage: v.optional(v.string()),
  systemPolicy: encodeSettings.entries.systemPolicy,
  maxLength: v.optional(v.number()),
  overLength: encodeSettings.entries.overLength,
});
type Selection = v.InferOutput<typeof selection>;

/** Tokens of a row where nothing else was chosen. */
export const DEFAULT_MAX_LENGTH = Number(CONFIG_KEYS.max_length.defaultValue);

/**
 * What the user works on, shared by Data, Template and Train: the open dataset version and conversation, the base model,
 * the template and the mask. Survives a reload.
 */
class Workspace {
  readonly #stored = new Stored<Selection>("workspace", selection, { template: { kind: "own" } });

  get datasetId(): string | undefined {
    return this.#stored.value.datasetId;
  }
  get versionId(): string | undefined {
    return this.#stored.value.versionId;
  }
  get rowId(): string | undefined {
    return this.#stored.value.rowId;
  }
  get modelPath(): string | undefined {
    return this.#stored.value.modelPath;
  }
  get template(): TemplateChoice {
    return this.#stored.value.template;
  }
  get draftOf(): string | undefined {
    return this.#stored.value.draftOf;
  }
  /** Undefined: the template's own, else assistant. */
  get mask(): MaskPolicy | undefined {
    return this.#stored.value.mask;
  }
  /** What of the mask's choice is changed; undefined: nothing. */
  get maskOptions(): Selection["maskOptions"] {
    return this.#stored.value.maskOptions;
  }
  get systemMessage(): string | undefined {
    return this.#stored.value.systemMessage;
  }
  get systemPolicy(): Selection["systemPolicy"] {
    return this.#stored.value.systemPolicy;
  }
  get rowOptions(): Selection["rowOptions"] {
    return this.#stored.value.rowOptions;
  }
  /** Undefined: the default of a run. */
  get maxLength(): number | undefined {
    return this.#stored.value.maxLength;
  }
  /** What is done with a longer row. Undefined: the default of a run. */
  get overLength(): Selection["overLength"] {
    return this.#stored.value.overLength;
  }

  /** Changes what is given; a key given as undefined is cleared. */
  set(change: { [K in keyof Selection]?: Selection[K] | undefined }): void {
    const next = { ...this.#stored.value, ...change };
    const kept = Object.fromEntries(Object.entries(next).filter(([, value]) => value !== undefined));
    this.#stored.value = v.parse(selection, { template: { kind: "own" }, ...kept });
  }

  /** Everything that decides ids and labels, or undefined until a model is picked. */
  get encodeSettings(): EncodeSettings | undefined {
    const { modelPath, template, mask, maskOptions, rowOptions, systemMessage, systemPolicy, maxLength } =
      this.#stored.value;
    if (modelPath === undefined) return undefined;
    return {
      modelPath,
      template,
      ...(mask === undefined ? {} : { mask }),
      ...(maskOptions === undefined ? {} : { maskOptions }),
      ...(rowOptions === undefined ? {} : { rowOptions }),
      ...(systemMessage === undefined ? {} : { systemMessage }),
      ...(systemPolicy === undefined ? {} : { systemPolicy }),
      ...(maxLength === undefined ? {} : { maxLength }),
    };
  }

  /** The same with the limits that a run would have: what is proven. */
  get runSettings(): EncodeSettings | undefined {
    const { encodeSettings: settings, maxLength = DEFAULT_MAX_LENGTH, overLength = "error" } = this;
    return settings && { ...settings, maxLength, overLength };
  }
}

export const workspace = new Workspace();
