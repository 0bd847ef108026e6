import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Tokenizer } from "@huggingface/tokenizers";
import { OrtEngine } from "../src-worker/engines/ort/engine.ts";
import { modelFromConfig } from "../src-worker/models/folder.ts";
import { randomStream } from "../src-worker/train/random.ts";
import { createTrainer } from "../src-worker/train/step.ts";
import { writeTensors } from "../src-worker/train/tensor-file.ts";
import { BatchStream } from "./sample/batches.ts";
import { tokenizerJson, trainBpe } from "./sample/bpe-trainer.ts";
import { baseConversation, type Message } from "./sample/conversations.ts";

/**
 * Makes the sample project's chat model from random weights, with Sift's own engine: `node scripts/make-sample-model.ts`.
 * The same seed, machine and thread count give the same file.
 */
const { values } = parseArgs({
  options: {
    out: { type: "string", default: join(import.meta.dirname, "../resources/sample/model") },
    steps: { type: "string", default: "2200" },
    threads: { type: "string", default: "2" },
    taught: { type: "string", default: "0.15" },
  },
});
const SEED = 20;
const LEARNING_RATE = 4e-3;
const WARMUP_STEPS = 50;
const SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"] as const;

/** ChatML; what the assistant writes is tagged, so that the mask is exact. */
const CHAT_TEMPLATE = `{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' }}
{%- if message.role == 'assistant' %}{% generation %}{{- message.content + '<|im_end|>' }}{% endgeneration %}
{%- else %}{{- message.content + '<|im_end|>' }}
{%- endif %}
{{- '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}
`;

const CONFIG = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  attention_bias: false,
  bos_token_id: null,
  eos_token_id: 2,
  pad_token_id: 0,
  hidden_act: "silu",
  hidden_size: 128,
  intermediate_size: 224,
  max_position_embeddings: 2048,
  mlp_bias: false,
  num_attention_heads: 4,
  num_hidden_layers: 4,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  initializer_range: 0.05,
  tie_word_embeddings: true,
  torch_dtype: "float32",
  vocab_size: 1024,
};

const TOKENIZER_CONFIG = {
  added_tokens_decoder: Object.fromEntries(
    SPECIALS.map((content, id) => [
      id,
      { content, lstrip: false, normalized: false, rstrip: false, single_word: false, special: true },
    ]),
  ),
  bos_token: null,
  chat_template: CHAT_TEMPLATE,
  clean_up_tokenization_spaces: false,
  eos_token: "<|im_end|>",
  model_max_length: 2048,
  pad_token: "<|endoftext|>",
  tokenizer_class: "PreTrainedTokenizerFast",
  unk_token: null,
};

function* conversations(): Generator<Message[]> {
  const random = randomStream(SEED, "base");
  for (;;) yield baseConversation(random, { taughtShare: Number(values.taught) });
}

function* tokenizerTexts(): Generator<string> {
  const random = randomStream(SEED, "tokenizer");
  for (let i = 0; i < 6000; i++) {
    yield* baseConversation(random, { taughtShare: 0.3 }).map(({ role, content }) => `${role}\n${content}`);
  }
}

const learningRate = (step: number, total: number): number =>
  step < WARMUP_STEPS
    ? (LEARNING_RATE * (step + 1)) / WARMUP_STEPS
    : (LEARNING_RATE * (1 + Math.cos((Math.PI * (step - WARMUP_STEPS)) / (total - WARMUP_STEPS)))) / 2;

async function train(tokenizer: Tokenizer): Promise<void> {
  const engine = new OrtEngine({ threads: Number(values.threads) });
  const optimizer = { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0.01, maxGradNorm: 1 };
  const trainer = await createTrainer({
    engine,
    model: modelFromConfig(CONFIG),
    method: { kind: "full" },
    optimizer,
    seed: SEED,
  });
  const batches = new BatchStream(conversations(), tokenizer);
  const total = Number(values.steps);
  const started = performance.now();
  for (let step = 0; step < total; step++) {
    const { loss, tokens } = await trainer.step([batches.next(2048)], learningRate(step, total));
    const seconds = (performance.now() - started) / 1000;
    if (step % 50 === 0 || step === total - 1)
      console.log(`step ${step} loss ${loss.toFixed(4)} ${tokens} tokens ${seconds.toFixed(0)} s`);
  }
  await writeTensors(join(values.out, "model.safetensors"), trainer.exportWeights());
  await engine.dispose();
}

const writeJson = (name: string, json: object) =>
  writeFileSync(join(values.out, name), `${JSON.stringify(json, null, name === "tokenizer.json" ? 0 : 2)}\n`);

mkdirSync(values.out, { recursive: true });
const tokenizer = tokenizerJson(trainBpe(tokenizerTexts(), { size: CONFIG.vocab_size, specials: SPECIALS }), SPECIALS);
writeJson("config.json", CONFIG);
writeJson("tokenizer.json", tokenizer);
writeJson("tokenizer_config.json", TOKENIZER_CONFIG);
writeJson("generation_config.json", { eos_token_id: 2, pad_token_id: 0 });
await train(new Tokenizer(tokenizer, TOKENIZER_CONFIG));
