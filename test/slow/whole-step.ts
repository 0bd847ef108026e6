import { OrtEngine } from "#worker/engines/ort/engine.ts";
import { modelFromConfig, quantizedModel } from "#worker/models/folder.ts";
import { peakMemoryBytes } from "#worker/train/memory.ts";
import { createTrainer } from "#worker/train/step.ts";

/**
 * One LoRA step on a whole model's shape with random weights, in a process of its own. Prints a line of JSON.
 * usage: node test/slow/whole-step.ts 0.5B|1.5B none|4bit TOKENS [--recompute]
 */

const VOCABULARY = 151_936;
const common = {
  model_type: "qwen2",
  vocab_size: VOCABULARY,
  num_key_value_heads: 2,
  max_position_embeddings: 32_768,
  rope_parameters: { rope_type: "default", rope_theta: 1e6 },
  rms_norm_eps: 1e-6,
  tie_word_embeddings: true,
};
const SHAPES: Readonly<Record<string, object>> = {
  "0.5B": { hidden_size: 896, intermediate_size: 4864, num_hidden_layers: 24, num_attention_heads: 14 },
  "1.5B": { hidden_size: 1536, intermediate_size: 8960, num_hidden_layers: 28, num_attention_heads: 12 },
};

async function main(): Promise<void> {
  const [size = "", quantization, count, ...flags] = process.argv.slice(2);
  const tokens = Number(count);
  const opening = performance.now();
  const whole = modelFromConfig({ ...common, ...SHAPES[size] });
  const trainer = await createTrainer({
    engine: new OrtEngine(),
    model: quantization === "4bit" ? quantizedModel(whole, 4) : whole,
    method: { kind: "lora", rank: 16, alpha: 32, dropout: 0, targetModules: "all-linear" },
    recompute: flags.includes("--recompute"),
    optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 },
    seed: 0,
  });
  const ids = Int32Array.from({ length: tokens }, (_, i) => (i * 7919 + 13) % VOCABULARY);
  const labels = Int32Array.from(ids, (_, i) => (i % 5 === 0 && i + 1 < tokens ? (ids[i + 1] ?? 0) : -100));
  const weights = Float32Array.from(labels, (label) => (label < 0 ? 0 : 1));
  const positions = Int32Array.from(ids, (_, i) => i);
  const started = performance.now();
  const batch = { ids, positions, documents: Int32Array.of(0, tokens), labels, weights };
  const { loss, gradNorm } = await trainer.step([batch], 1e-4);
  const seconds = (performance.now() - started) / 1000;
  const { total } = trainer.parameterCounts();
  console.log(
    JSON.stringify({
      size,
      quantization,
      tokens,
      parameters: total,
      loss,
      gradNorm,
      opening_seconds: (started - opening) / 1000,
      tokens_per_second: tokens / seconds,
      peak_gb: peakMemoryBytes() / 1e9,
    }),
  );
  process.exit(0);
}

await main();
