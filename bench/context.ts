import { execFileSync } from "node:child_process";
import { OrtEngine } from "../src-worker/engines/ort/engine.ts";
import { modelFromConfig } from "../src-worker/models/folder.ts";
import { createTrainer } from "../src-worker/train/step.ts";
import { peakMemoryBytes } from "../src-worker/train/memory.ts";

/**
 * Peak memory of a LoRA step on 4 layers of Qwen2.5-0.5B's shape with one document of 1,024 to 8,192 tokens, a fifth of it scored,
 * each length in a process of its own. A doubling may cost 2.1 times at most.
 *
 * usage: node bench/context.ts [TOKENS] [--recompute]
 */

const LENGTHS = [1024, 2048, 4096, 8192];
const VOCABULARY = 151_936;
const config = {
  model_type: "qwen2",
  vocab_size: VOCABULARY,
  hidden_size: 896,
  intermediate_size: 4864,
  num_hidden_layers: 4,
  num_attention_heads: 14,
  num_key_value_heads: 2,
  max_position_embeddings: 32_768,
  rope_parameters: { rope_type: "default", rope_theta: 1e6 },
  rms_norm_eps: 1e-6,
  tie_word_embeddings: true,
};

async function step(tokens: number, recompute: boolean): Promise<void> {
  const engine = new OrtEngine({ threads: 2 });
  const trainer = await createTrainer({
    engine,
    model: modelFromConfig(config),
    method: { kind: "lora", rank: 16, alpha: 32, dropout: 0, targetModules: "all-linear" },
    recompute,
    optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 },
    seed: 0,
  });
  const ids = Int32Array.from({ length: tokens }, (_, i) => (i * 7919 + 13) % VOCABULARY);
  const labels = Int32Array.from(ids, (_, i) => (i % 5 === 0 && i + 1 < tokens ? (ids[i + 1] ?? 0) : -100));
  const start = performance.now();
  await trainer.step(
    [
      {
        ids,
        positions: Int32Array.from(ids, (_, i) => i),
        documents: Int32Array.of(0, tokens),
        labels,
        weights: Float32Array.from(labels, (label) => (label < 0 ? 0 : 1)),
      },
    ],
    1e-4,
  );
  const seconds = (performance.now() - start) / 1000;
  console.log(
    JSON.stringify({ tokens, peak_bytes: peakMemoryBytes(), tokens_per_second: Math.round(tokens / seconds) }),
  );
  await engine.dispose();
}

function all(flags: readonly string[]): void {
  let before: number | undefined;
  for (const tokens of LENGTHS) {
    const answer = execFileSync(process.execPath, [import.meta.filename, String(tokens), ...flags], {
      encoding: "utf8",
    });
    const { peak_bytes: peak, tokens_per_second } = JSON.parse(answer) as Record<string, number>;
    const ratio =
      before === undefined || peak === undefined
        ? {}
        : { ratio: Number((peak / before).toFixed(2)), wanted_at_most: 2.1 };
    const gigabytes = Number(((peak ?? 0) / 1e9).toFixed(2));
    console.log(JSON.stringify({ bench: "context", tokens, peak_gb: gigabytes, ...ratio, tokens_per_second }));
    before = peak;
  }
}

const [first, ...rest] = process.argv.slice(2);
if (first !== undefined && /^\d+$/.test(first)) await step(Number(first), rest.includes("--recompute"));
else all(process.argv.slice(2));
