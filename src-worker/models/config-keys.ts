import { SiftError } from "#shared/errors.ts";
import { NEUTRAL_KEYS } from "./unsupported.ts";
import type { RawConfig } from "./raw.ts";

/** Keys of config.json that decide nothing of a forward pass: how it was made, how others run it, how it generates. */

const words = (text: string): string[] => text.trim().split(/\s+/);

/** Read by `readCommonConfig`, `readRope` or a family; a family that has no use for one has none in `transformers` either. */
const STRUCTURE = words(`
  model_type vocab_size hidden_size intermediate_size num_hidden_layers num_attention_heads num_key_value_heads head_dim
  rms_norm_eps max_position_embeddings original_max_position_embeddings initializer_range tie_word_embeddings attention_bias
  mlp_bias rope_theta rope_scaling rope_parameters rope_local_base_freq sliding_window_pattern _sliding_window_pattern
  no_rope_layer_interval max_window_layers`);

const MADE_BY = words(`
  _name_or_path name_or_path architectures auto_map transformers_version dtype torch_dtype is_llama_config tokenizer_class
  pad_token_id bos_token_id eos_token_id sep_token_id unk_token_id decoder_start_token_id pad_token bos_token eos_token
  task_specific_params finetuning_task problem_type id2label label2id num_labels prefix license base_model language
  transformers.js_config unsloth_version unsloth_fixed tf_legacy_loss use_bfloat16 tie_encoder_decoder is_encoder_decoder
  is_decoder add_cross_attention cross_attention_hidden_size pruned_heads return_dict torchscript output_attentions
  output_hidden_states chunk_size_feed_forward is_composition model_name model_max_length max_sequence_length seq_length`);

const RUN_BY = words(`
  use_cache cache_implementation attn_implementation _attn_implementation _attn_implementation_internal
  _attn_implementation_autoset use_flash_attn flash_attention _flash_attn_2_enabled gradient_checkpointing
  fused_mlp fused_rms_norm use_fused_rope use_fused_rms_norm use_fused_swiglu rope_interleaved num_logits_to_keep`);

const GENERATES = words(`
  do_sample temperature top_k top_p min_p typical_p num_beams num_beam_groups diversity_penalty length_penalty
  repetition_penalty encoder_repetition_penalty no_repeat_ngram_size encoder_no_repeat_ngram_size bad_words_ids
  num_return_sequences min_length max_length max_new_tokens early_stopping remove_invalid_values forced_bos_token_id
  forced_eos_token_id suppress_tokens begin_suppress_tokens exponential_decay_length_penalty return_dict_in_generate
  output_scores generation_config chat_template`);

const KNOWN: ReadonlySet<string> = new Set([...STRUCTURE, ...MADE_BY, ...RUN_BY, ...GENERATES, ...NEUTRAL_KEYS]);

/** Words in the names of keys that change what a decoder computes. */
const MATHEMATICS =
  /attn|attention|bias|clip|conv|cap|dropout|pdrop|embed|expert|moe|router|ffn|mlp|gate|gating|hidden|act(ivation)?_?(fn|func)|activation|head|kv|qk|query|key_value|layer|logit|lora|mamba|ssm|mixer|mult|norm|parallel|pos(ition)?|alibi|rope|rotary|yarn|ntk|quant|residual|scal|shared|share|skip|softmax|sparse|temperature|theta|tie|vocab|width|window|mask/i;

const isEmpty = (value: unknown): boolean =>
  value === null ||
  value === false ||
  value === 0 ||
  value === "" ||
  value === "none" ||
  (typeof value === "object" && Object.keys(value).length === 0);

/**
 * Looks at the keys that nothing here knows. One whose name speaks of the mathematics is refused unless it is switched off;
 * of the others a notice tells. @throws SiftError `model-unsupported`
 */
export function checkUnknownKeys(raw: RawConfig, file: string, reads: readonly string[] = []): string[] {
  const unknown = Object.keys(raw).filter((key) => !KNOWN.has(key) && !reads.includes(key));
  const serious = unknown.find((key) => MATHEMATICS.test(key) && !isEmpty(raw[key]));
  if (serious !== undefined) {
    const shown = JSON.stringify(raw[serious])?.slice(0, 80) ?? "";
    throw new SiftError("model-unsupported", `config.json has ${serious} = ${shown}, which is not known here`, {
      where: { file, what: serious },
      remedy: "choose a model without it; if it changes nothing that is computed, take it out of config.json",
    });
  }
  return unknown.length === 0
    ? []
    : [`config.json has keys that are not known and were not used: ${unknown.join(", ")}`];
}
