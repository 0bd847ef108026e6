import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { repositoryRoot } from "../shared.ts";
import { SiftError } from "#shared/errors.ts";
import { OrtEngine } from "#worker/engines/ort/engine.ts";
import { createGenerator } from "#worker/generate/generator.ts";
import { loadModel, modelFromConfig, SUPPORTED_MODEL_TYPES } from "#worker/models/folder.ts";
import { modelValues } from "#worker/models/initialise.ts";
import { targetedModules } from "#worker/models/targets.ts";
import { readRows } from "./training.ts";

/** What families do beyond one forward and backward pass, which `parity.test.ts` compares with `transformers`. */

const oracles = join(repositoryRoot, "test", "oracles", "training");
const folders = readdirSync(oracles).filter((name) => !name.includes("."));

const furthest = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? NaN))), 0);

describe.each(folders)("%s", (name) => {
  test.each(["base model", "adapter"])("reading token by token gives the logits of all at once, %s", async (kind) => {
    const folder = join(oracles, name);
    const ids = Int32Array.from(readRows(folder)[0]?.input_ids ?? []);
    const engine = new OrtEngine({ threads: 2 });
    const adapter = kind === "adapter" ? { adapter: join(folder, "adapter-init") } : {};
    const generator = await createGenerator({ engine, model: loadModel(join(folder, "model")), ...adapter });
    const all = await generator.logits(ids);
    const vocabulary = all.length / ids.length;
    let last = await generator.prefill(ids.subarray(0, 3));
    for (let position = 2; position < ids.length; position++) {
      const wanted = all.subarray(position * vocabulary, (position + 1) * vocabulary);
      expect(furthest(last, wanted), `position ${position}`).toBeLessThan(1e-4);
      if (position + 1 < ids.length) last = await generator.next(ids[position + 1] ?? 0);
    }
    expect(generator.length).toBe(ids.length);
    await engine.dispose();
  });
});

test("a text that grows beyond the positions it was made for turns as a long one from its first token", async () => {
  const folder = join(oracles, "phi3-longrope");
  const row = readRows(folder).find(({ input_ids: ids }) => ids.length > 30);
  const ids = Int32Array.from(row?.input_ids ?? []);
  const engine = new OrtEngine({ threads: 2 });
  const generator = await createGenerator({ engine, model: loadModel(join(folder, "model")) });
  const reference = await createGenerator({ engine, model: loadModel(join(folder, "model")) });
  let last = await generator.prefill(ids.subarray(0, 20));
  for (let read = 20; read < 30; read++) {
    const all = await reference.logits(ids.subarray(0, read));
    expect(furthest(last, all.subarray(all.length - last.length)), `${read} tokens`).toBeLessThan(1e-4);
    last = await generator.next(ids[read] ?? 0);
  }
  expect(generator.length).toBe(30);
  await engine.dispose();
});

const SIZES = {
  vocab_size: 64,
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 8,
};
const config = (modelType: string, changes: Record<string, unknown> = {}) =>
  modelFromConfig({ model_type: modelType, ...SIZES, ...changes }).config;

function refusal(act: () => unknown): SiftError {
  try {
    act();
  } catch (error) {
    if (error instanceof SiftError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("config.json", () => {
  test("of every family may leave its defaults out", () => {
    for (const modelType of SUPPORTED_MODEL_TYPES) expect(config(modelType)).toMatchObject({ modelType, layers: 4 });
    expect(config("mistral").attention.map(({ window }) => window)).toEqual([4096, 4096, 4096, 4096]);
    expect(config("mistral", { sliding_window: null }).attention[0]?.window).toBeUndefined();
    expect(config("gemma3_text")).toMatchObject({ tied: true, attentionScale: 1 / 16 });
    expect(config("smollm3")).toMatchObject({ tied: true });
    const { head_dim: _, ...withoutHeads } = SIZES;
    expect(modelFromConfig({ model_type: "qwen3", ...withoutHeads }).config.headSize).toBe(128);
  });

  test("of SmolLM 3 leaves every fourth layer unrotated, or those with a 0", () => {
    const rotates = (changes: Record<string, unknown>): boolean[] =>
      config("smollm3", changes).attention.map(({ rope }) => rope !== undefined);
    expect(rotates({})).toEqual([true, true, true, false]);
    expect(rotates({ no_rope_layer_interval: 2 })).toEqual([true, false, true, false]);
    expect(rotates({ no_rope_layers: [0, 1, 1, 0] })).toEqual([false, true, true, false]);
    expect(refusal(() => rotates({ no_rope_layers: [1] }))).toMatchObject({
      code: "model-config-invalid",
      where: { what: "no_rope_layers" },
    });
  });

  test("of Gemma 3 means the same in transformers 4 and 5", () => {
    const old = config("gemma3_text", {
      rope_theta: 1e6,
      rope_local_base_freq: 1e4,
      rope_scaling: { rope_type: "linear", factor: 8 },
      sliding_window: 512,
      sliding_window_pattern: 2,
    });
    const now = config("gemma3_text", {
      sliding_window: 512,
      layer_types: ["sliding_attention", "full_attention", "sliding_attention", "full_attention"],
      rope_parameters: {
        full_attention: { rope_type: "linear", factor: 8, rope_theta: 1e6 },
        sliding_attention: { rope_type: "default", rope_theta: 1e4 },
      },
    });
    expect(old).toEqual(now);
  });

  test("of Gemma 2 caps scores and logits unless it says null, and every other layer has a window", () => {
    const plain = config("gemma2");
    expect(plain).toMatchObject({ tied: true, attentionScale: 1 / 16, attentionSoftcap: 50, logitsSoftcap: 30 });
    expect(plain.attention.map(({ window }) => window)).toEqual([4096, undefined, 4096, undefined]);
    const without = config("gemma2", { attn_logit_softcapping: null, final_logit_softcapping: null });
    expect([without.attentionSoftcap, without.logitsSoftcap]).toEqual([undefined, undefined]);
  });

  test.each([
    ["mistral", "hidden_act", "gelu"],
    ["qwen3", "use_sliding_window", true],
    ["qwen3", "logits_scaling", 2],
    ["olmo2", "clip_qkv", 8],
    ["granite", "num_local_experts", 8],
    ["smollm3", "use_sliding_window", true],
    ["phi3", "resid_pdrop", 0.1],
    ["phi3", "partial_rotary_factor", 0.75],
    ["gemma3_text", "final_logit_softcapping", 30],
    ["gemma3_text", "use_bidirectional_attention", true],
    ["gemma3_text", "hidden_activation", "gelu"],
    ["llama", "rope_interleaved_scale", 2],
    ["llama", "attn_temperature_tuning", true],
    ["qwen2", "num_nextn_predict_layers", 1],
    ["qwen3", "v_head_dim", 64],
    ["gemma2", "use_bidirectional_attention", true],
    ["gemma2", "hidden_activation", "gelu"],
  ])("of %s with %s = %j is refused by name", (modelType, key, value) => {
    const error = refusal(() => config(modelType, { [key]: value }));
    expect(error).toMatchObject({ code: "model-unsupported", where: { what: key } });
  });

  test("with unknown keys that change nothing loads, and says so", () => {
    const extra = { trained_by: "us", attn_temperature_tuning: false, query_norm: null, experts: [] };
    const { notices } = modelFromConfig({ model_type: "llama", ...SIZES, ...extra });
    expect(notices).toEqual([
      "config.json has keys that are not known and were not used: trained_by, attn_temperature_tuning, query_norm, experts",
    ]);
    const usual = {
      use_cache: true,
      temperature: 0.7,
      rope_interleaved: false,
      is_llama_config: true,
      torch_dtype: "bfloat16",
    };
    expect(modelFromConfig({ model_type: "llama", ...SIZES, ...usual }).notices).toEqual([]);
  });

  test.each([
    ["mistral", "sliding_window", -1],
    ["granite", "residual_multiplier", "0.3"],
    ["gemma3_text", "layer_types", ["full_attention"]],
  ])("of %s with %s = %j is invalid", (modelType, key, value) => {
    const error = refusal(() => config(modelType, { [key]: value }));
    expect(error).toMatchObject({ code: "model-config-invalid", where: { what: key } });
  });
});

test("adapters go to a family's own layers", () => {
  const phi3 = config("phi3");
  const names = new Set(targetedModules(phi3, "all-linear").map(({ name }) => name.split(".").at(-1)));
  expect([...names]).toEqual(["qkv_proj", "o_proj", "gate_up_proj", "down_proj"]);
  expect(targetedModules(phi3, ["qkv_proj"])[0]).toMatchObject({ inputs: 32, outputs: 64 });
  const error = refusal(() => targetedModules(phi3, ["q_proj"]));
  expect(error).toMatchObject({ code: "target-modules" });
  expect(error.remedy).toContain("qkv_proj, o_proj, gate_up_proj, down_proj");
});

test("norms of a new Gemma 3 start so that they multiply by 1", () => {
  const first = (modelType: string): number => {
    const model = modelFromConfig({ model_type: modelType, ...SIZES });
    const norm = model.parameters.find(({ role }) => role === "norm");
    const values = new Float32Array(32);
    if (norm) modelValues(model, norm, 1)(values);
    return values[0] ?? NaN;
  };
  expect(first("gemma3_text")).toBe(0);
  expect(first("llama")).toBe(1);
});
