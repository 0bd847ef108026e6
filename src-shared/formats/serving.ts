/**
 * What a saved model must say so that serving sees what training saw: the run's chat template, its default system text
 * and the trained end-of-turn token, in the tokenizer's and the generation configuration.
 */
export interface Serving {
  /** Jinja text; null leaves the model's own. */
  readonly template: string | null;
  readonly defaultSystem: string | null;
  /** Text of the trained end-of-turn token; null leaves the model's own. */
  readonly endOfTurn: string | null;
  /** Trained end-of-turn first. */
  readonly stopIds: readonly number[];
  /** The token for padding; undefined leaves the model's own. */
  readonly pad?: { readonly text: string; readonly id: number } | undefined;
}

type Json = Readonly<Record<string, unknown>>;

/** tokenizer_config.json; transformers 4 reads the template here, 5 from chat_template.jinja beside it. */
export function editTokenizerConfig(config: Json, serving: Serving): Json {
  return {
    ...config,
    ...(serving.template === null ? {} : { chat_template: serving.template }),
    ...(serving.defaultSystem === null ? {} : { default_system: serving.defaultSystem }),
    ...specialTokens(serving),
  };
}

/** special_tokens_map.json says the same tokens as tokenizer_config.json. */
export const editSpecialTokensMap = (map: Json, serving: Serving): Json => ({ ...map, ...specialTokens(serving) });

const specialTokens = ({ endOfTurn, pad }: Serving): Json => ({
  ...(endOfTurn === null ? {} : { eos_token: endOfTurn }),
  ...(pad ? { pad_token: pad.text } : {}),
});

/** generation_config.json: the trained end of turn first, then what ended generation before. `config` is {} where there is none. */
export function editGenerationConfig(config: Json, model: Json, serving: Serving): Json {
  const before = idList(config["eos_token_id"] ?? model["eos_token_id"]);
  const ids = [...new Set([...serving.stopIds, ...before])];
  const inherited = Object.fromEntries(
    ["bos_token_id", "pad_token_id"].flatMap((key) => (model[key] == null ? [] : [[key, model[key]]])),
  );
  const eos = ids.length === 0 ? {} : { eos_token_id: ids.length === 1 ? ids[0] : ids };
  const pad = serving.pad ? { pad_token_id: serving.pad.id } : {};
  return { ...inherited, ...config, ...eos, ...pad };
}

/** config.json of weights that are saved as float32. */
export function editModelConfig(config: Json, dtype: string): Json {
  const { torch_dtype, ...rest } = config;
  return torch_dtype === undefined ? { ...rest, dtype } : { ...rest, torch_dtype: dtype };
}

function idList(value: unknown): number[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((id) => typeof id === "number");
}
