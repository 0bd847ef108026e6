import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { repositoryRoot } from "../shared.ts";
import { SiftError } from "#shared/errors.ts";
import { encodeHeader } from "#shared/formats/safetensors.ts";
import { loadModel, modelFromConfig } from "#worker/models/folder.ts";
import { loadAdapter } from "#worker/models/lora.ts";
import { targetedModules } from "#worker/models/targets.ts";

/** Model and adapter folders that cannot be used: each is refused with what is wrong, where, and what to do. */

const source = join(repositoryRoot, "test", "oracles", "training", "qwen2");
let folder = "";

beforeEach(() => {
  // spaces and 中文 in the path, as people have them
  folder = join(mkdtempSync(join(tmpdir(), "sift ")), "模型 文件夹");
  cpSync(join(source, "model"), folder, { recursive: true });
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true }));

const weights = (): string => join(folder, "model.safetensors");

function editConfig(changes: Record<string, unknown>): void {
  const file = join(folder, "config.json");
  const config = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  writeFileSync(file, JSON.stringify({ ...config, ...changes }));
}

function refusal(act: () => unknown): SiftError {
  try {
    act();
  } catch (error) {
    if (error instanceof SiftError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

/** A file with these tensors and no values. */
function writeTensors(shapes: Record<string, readonly number[]>): void {
  const tensors = Object.entries(shapes).map(([name, shape]) => ({ name, shape }));
  const bytes = tensors.reduce((total, { shape }) => total + 4 * shape.reduce((a, b) => a * b, 1), 0);
  writeFileSync(weights(), Buffer.concat([encodeHeader(tensors), Buffer.alloc(bytes)]));
}

describe("a model folder", () => {
  test("with spaces and 中文 in its path loads", () => {
    expect(loadModel(folder)).toMatchObject({
      directory: folder,
      notices: [],
      config: { modelType: "qwen2", layers: 2, tied: true },
    });
  });

  test("without weights", () => {
    rmSync(weights());
    expect(refusal(() => loadModel(folder))).toMatchObject({ code: "model-weights-missing", where: { file: folder } });
  });

  test("with only .bin", () => {
    rmSync(weights());
    writeFileSync(join(folder, "pytorch_model.bin"), "pickle");
    const error = refusal(() => loadModel(folder));
    expect(error).toMatchObject({ code: "model-pickle" });
    expect(error.message).toContain("pytorch_model.bin");
    expect(error.remedy).toContain("safetensors");
  });

  test("with GGUF", () => {
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    writeFileSync(join(folder, "model-q4.gguf"), "GGUF");
    expect(refusal(() => loadModel(folder))).toMatchObject({ code: "model-gguf", where: { file: folder } });
  });

  test("that is an adapter", () => {
    expect(refusal(() => loadModel(join(source, "adapter-init")))).toMatchObject({ code: "model-is-adapter" });
  });

  test("that is not there, or has no config.json, or one that is not JSON", () => {
    expect(refusal(() => loadModel(join(folder, "no")))).toMatchObject({ code: "model-folder-missing" });
    writeFileSync(join(folder, "config.json"), "{");
    expect(refusal(() => loadModel(folder))).toMatchObject({ code: "model-config-invalid" });
    rmSync(join(folder, "config.json"));
    expect(refusal(() => loadModel(folder))).toMatchObject({ code: "model-config-missing" });
  });

  test("whose weights were cut off", () => {
    truncateSync(weights(), 20_000);
    const error = refusal(() => loadModel(folder));
    expect(error).toMatchObject({ code: "safetensors-truncated", where: { file: weights() } });
    expect(error.message).toContain("20000");
    truncateSync(weights(), 100);
    expect(refusal(() => loadModel(folder))).toMatchObject({ code: "safetensors-truncated" });
    truncateSync(weights(), 3);
    expect(refusal(() => loadModel(folder))).toMatchObject({ code: "safetensors-truncated" });
  });

  test("whose tensor has another shape than its configuration", () => {
    editConfig({ intermediate_size: 52 });
    const error = refusal(() => loadModel(folder));
    expect(error).toMatchObject({ code: "model-shape", where: { what: "model.layers.0.mlp.gate_proj.weight" } });
    expect(error.message).toContain("[48, 32]");
    expect(error.message).toContain("[52, 32]");
  });

  test("that lacks a tensor", () => {
    writeTensors({ "model.embed_tokens.weight": [64, 32] });
    expect(refusal(() => loadModel(folder))).toMatchObject({
      code: "model-tensor-missing",
      where: { what: "model.layers.0.self_attn.q_proj.weight" },
    });
  });

  test("whose index names a shard that is not there", () => {
    const llama = join(repositoryRoot, "test", "oracles", "training", "llama", "model");
    rmSync(weights());
    for (const name of ["config.json", "model.safetensors.index.json", "model-00001-of-00002.safetensors"]) {
      copyFileSync(join(llama, name), join(folder, name));
    }
    const error = refusal(() => loadModel(folder));
    expect(error).toMatchObject({ code: "model-weights-missing" });
    expect(error.message).toContain("model-00002-of-00002.safetensors");
  });

  test("with code of its own is read without running it", () => {
    editConfig({ auto_map: { AutoModelForCausalLM: "modeling_evil.EvilModel" } });
    writeFileSync(join(folder, "modeling_evil.py"), "raise SystemExit('executed')");
    expect(loadModel(folder).notices.join()).toContain("auto_map");
    editConfig({ model_type: "evil" });
    const error = refusal(() => loadModel(folder));
    expect(error).toMatchObject({ code: "model-type", where: { what: "model_type" } });
    expect(error.remedy).toContain("llama, qwen2");
  });
});

const LLAMA = {
  model_type: "llama",
  vocab_size: 64,
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 2,
  num_attention_heads: 4,
};

describe("config.json", () => {
  test("of transformers 4 and 5 mean the same", () => {
    const old = modelFromConfig({
      ...LLAMA,
      rope_theta: 5e5,
      rope_scaling: { type: "linear", factor: 2 },
      torch_dtype: "float32",
    });
    const now = modelFromConfig({
      ...LLAMA,
      rope_parameters: { rope_type: "linear", rope_theta: 5e5, factor: 2 },
      dtype: "float32",
    });
    expect(old.config).toEqual(now.config);
    expect(modelFromConfig({ ...LLAMA, rope_scaling: null }).config.attention[0]?.rope).toEqual({
      kind: "default",
      theta: 10000,
    });
  });

  test.each([
    ["hidden_act", "gelu"],
    ["sliding_window", 4096],
    ["quantization_config", { quant_method: "awq" }],
    ["pretraining_tp", 2],
    ["attention_dropout", 0.1],
    ["logits_scaling", 2],
    ["layer_types", ["sliding_attention", "full_attention"]],
  ])("with %s = %j is refused by name", (key, value) => {
    const error = refusal(() => modelFromConfig({ ...LLAMA, [key]: value }));
    expect(error).toMatchObject({ code: "model-unsupported", where: { what: key } });
  });

  test("with an unknown rope type is refused, with the known ones", () => {
    const error = refusal(() => modelFromConfig({ ...LLAMA, rope_scaling: { rope_type: "spiral", factor: 4 } }));
    expect(error).toMatchObject({
      code: "model-unsupported",
      remedy: "supported rope types: default, linear, dynamic, llama3, yarn, longrope",
    });
  });

  test("with a key of the wrong type names the key", () => {
    expect(refusal(() => modelFromConfig({ ...LLAMA, hidden_size: "32" }))).toMatchObject({
      code: "model-config-invalid",
      where: { what: "hidden_size" },
    });
    expect(refusal(() => modelFromConfig({ ...LLAMA, num_key_value_heads: 3 }))).toMatchObject({
      code: "model-config-invalid",
      where: { what: "num_key_value_heads" },
    });
  });
});

describe("an adapter", () => {
  const config = modelFromConfig(
    JSON.parse(readFileSync(join(source, "model", "config.json"), "utf8")) as Record<string, unknown>,
  ).config;
  const copy = (): string => {
    const target = join(folder, "adapter");
    cpSync(join(source, "adapter-init"), target, { recursive: true });
    return target;
  };

  test("loads with the layers that its file has", () => {
    const adapter = loadAdapter(copy(), config);
    expect(adapter).toMatchObject({ rank: 4, alpha: 12, dropout: 0 });
    expect(adapter.modules.map(({ name }) => name)).toContain("model.layers.1.mlp.down_proj");
    expect(adapter.modules).toHaveLength(6);
  });

  test("that is incomplete, of another model, or of another kind is refused", () => {
    const target = copy();
    const file = join(target, "adapter_config.json");
    const raw = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify({ ...raw, use_qalora: true }));
    expect(refusal(() => loadAdapter(target, config))).toMatchObject({
      code: "adapter-unsupported",
      where: { what: "use_qalora" },
    });
    writeFileSync(file, JSON.stringify({ ...raw, r: 8 }));
    expect(refusal(() => loadAdapter(target, config))).toMatchObject({ code: "adapter-shape" });
    writeFileSync(file, JSON.stringify(raw));
    expect(refusal(() => loadAdapter(target, { ...config, layers: 1 }))).toMatchObject({ code: "adapter-invalid" });
    rmSync(join(target, "adapter_model.safetensors"));
    expect(refusal(() => loadAdapter(target, config))).toMatchObject({ code: "adapter-missing" });
    mkdirSync(join(folder, "empty"));
    expect(refusal(() => loadAdapter(join(folder, "empty"), config))).toMatchObject({ code: "adapter-missing" });
  });

  test("targets are named when they are wrong", () => {
    expect(targetedModules(config, "all-linear")).toHaveLength(14);
    expect(targetedModules(config, ["q_proj", "v_proj"])).toHaveLength(4);
    const error = refusal(() => targetedModules(config, ["q_proj", "lm_head"]));
    expect(error).toMatchObject({ code: "target-modules" });
    expect(error.message).toContain("lm_head");
  });
});
