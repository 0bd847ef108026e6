import { OrtEngine } from "../src-worker/engines/ort/engine.ts";
import { modelFromConfig, quantizedModel } from "../src-worker/models/folder.ts";
import { createTrainer, type Method } from "../src-worker/train/step.ts";
import { benchRows, packs } from "./belle.ts";

/**
 * LoRA steps on a model of Qwen2.5-0.5B's shape with fewer layers and random weights, rank 16 on all linear layers, packs
 * of 1,024 tokens. Prints one JSON line. usage: node bench/training-step.ts [--layers 4] [--steps 4] [--threads 2] [--block 1024] [--full] [--recompute] [--quantization 4bit|8bit]
 */

const option = (name: string, fallback: number, read: (text: string) => number = Number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : read(process.argv[at + 1] ?? "");
};

const config = {
  model_type: "qwen2",
  vocab_size: 151936,
  hidden_size: 896,
  intermediate_size: 4864,
  num_hidden_layers: option("layers", 4),
  num_attention_heads: 14,
  num_key_value_heads: 2,
  max_position_embeddings: 4096,
  rope_parameters: { rope_type: "default", rope_theta: 1e6 },
  rms_norm_eps: 1e-6,
  tie_word_embeddings: true,
};

const method: Method = process.argv.includes("--full")
  ? { kind: "full" }
  : { kind: "lora", rank: 16, alpha: 32, dropout: 0, targetModules: "all-linear" };

/** 0 for float32. */
const bits = option("quantization", 0, (text) => Number(text.replace("bit", "")));

function model() {
  const whole = modelFromConfig(config);
  return bits === 4 || bits === 8 ? quantizedModel(whole, bits) : whole;
}

async function main(): Promise<void> {
  const steps = option("steps", 4);
  const { rows, source } = benchRows();
  const [warmUp, ...blocks] = packs(rows, option("block", 1024)).slice(0, steps + 1);
  if (!warmUp) throw new Error("no rows");
  const engine = new OrtEngine({ threads: option("threads", 2) });
  const trainer = await createTrainer({
    engine,
    model: model(),
    method,
    recompute: process.argv.includes("--recompute"),
    optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, maxGradNorm: 1 },
    seed: 0,
  });
  await trainer.step([warmUp], 1e-4);
  const start = performance.now();
  let tokens = 0;
  let supervised = 0;
  let loss = 0;
  for (const block of blocks) {
    const result = await trainer.step([block], 1e-4);
    tokens += result.tokens;
    supervised += result.supervised;
    loss = result.loss;
  }
  const seconds = (performance.now() - start) / 1000;
  const rounded = (value: number, digits = 1): number => Number(value.toFixed(digits));
  const report = {
    bench: `${method.kind}-step${bits === 0 ? "" : `-${bits}bit`}`,
    engine: engine.description,
    data: source,
    layers: config.num_hidden_layers,
    seconds: rounded(seconds, 2),
    tokens,
    supervised,
    tokens_per_second: rounded(tokens / seconds),
    supervised_tokens_per_second: rounded(supervised / seconds),
    peak_gb: rounded(process.resourceUsage().maxRSS / 1e6, 2),
    loss: rounded(loss, 4),
  };
  console.log(JSON.stringify(report));
  await engine.dispose();
}

await main();
