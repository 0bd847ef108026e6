import { describe, expect, test } from "vitest";
import {
  CONFIG_KEYS,
  FOREIGN_NAMES,
  parseFlags,
  parseRunConfig,
  readYaml,
  requireConfig,
  resolveConfig,
  toCommand,
  toYaml,
  type ConfigLayer,
  type ResolveContext,
} from "#shared/config/index.ts";
import reference from "../../oracles/config/names.json" with { type: "json" };

const BASE = { model_name_or_path: "m", train_files: "d.jsonl", output_dir: "out" };
const file = (values: Record<string, unknown>): ConfigLayer => ({ source: "file", values: { ...BASE, ...values } });
const resolve = (values: Record<string, unknown>, context: ResolveContext = {}) =>
  resolveConfig([file(values)], context);
const valueOf = (key: string, values: Record<string, unknown>, context: ResolveContext = {}) =>
  resolve(values, context).entries.find((entry) => entry.key === key)?.value;
const messages = (values: Record<string, unknown>, context: ResolveContext = {}) =>
  resolve(values, context).problems.map((problem) => `${problem.key}: ${problem.message}`);

describe("layers and sources", () => {
  test("the later layer wins, and each value keeps its source", () => {
    const form: ConfigLayer = { source: "flag", values: { learning_rate: 0.5, seed: 7 } };
    const { entries, config } = resolveConfig([file({ learning_rate: 0.1, max_length: 99 }), form]);
    const sources = Object.fromEntries(entries.map((e) => [e.key, e.source]));
    expect(config).toMatchObject({ learning_rate: 0.5, max_length: 99, seed: 7, train_files: ["d.jsonl"] });
    expect(sources).toMatchObject({ learning_rate: "flag", max_length: "file", seed: "flag", packing: "default" });
  });

  test("every key has a reason, and every default is valid for its own key", () => {
    const { entries, problems } = resolve({});
    expect(problems).toEqual([]);
    for (const entry of entries) expect(entry.reason, entry.key).toMatch(/^[A-Zw\d].{10,}$/);
    expect(() => parseRunConfig(Object.fromEntries(entries.map((e) => [e.key, e.value])))).not.toThrow();
  });

  test("the defaults are those of the design", () => {
    const defaults = Object.fromEntries(Object.entries(CONFIG_KEYS).map(([key, spec]) => [key, spec.defaultValue]));
    expect(defaults).toMatchObject({
      eval_split: 0.05, template: "own", system_policy: "keep", max_length: 2048, packing: true, over_length: "error",
      shuffle: true, finetuning_type: "lora", lora_r: 16, lora_alpha: 32, lora_dropout: 0, use_rslora: false, use_dora: false, modules_to_save: [], freeze_trainable_layers: 2, quantization: "none",
      target_modules: ["all-linear"], per_device_train_batch_size: 1, gradient_accumulation_steps: 1,
      num_train_epochs: 3, lr_scheduler_type: "cosine", warmup_ratio: 0.03, weight_decay: 0, max_grad_norm: 1,
      adam_beta1: 0.9, adam_beta2: 0.999, adam_epsilon: 1e-8, gradient_checkpointing: false, seed: 42,
      logging_steps: 1, save_total_limit: 2, overwrite_output_dir: false, report_to: ["tensorboard"],
      log_level: "info", engine: "auto", device: "auto",
    }); // prettier-ignore
  });
});

describe("conditional defaults", () => {
  test("learning_rate follows the method", () => {
    expect(valueOf("learning_rate", {})).toBe(2e-4);
    expect(valueOf("learning_rate", { finetuning_type: "full" })).toBe(2e-5);
    expect(valueOf("learning_rate", { finetuning_type: "full", learning_rate: 1 })).toBe(1);
  });
  test("nothing is split off a small set, or where eval_files are given", () => {
    expect(valueOf("eval_split", {}, { rows: 200 })).toBe(0.05);
    expect(valueOf("eval_split", {}, { rows: 199 })).toBe(0);
    expect(valueOf("eval_split", { eval_files: ["e.jsonl"] })).toBe(0);
  });
  test("an empty list of eval_files is none", () => {
    expect(valueOf("eval_split", { eval_files: [] })).toBe(0.05);
    expect(messages({ eval_files: [], eval_split: 0.1, report_to: [] })).toEqual([]);
  });
  test("warmup_steps takes the place of the default ratio", () => {
    expect(resolve({ warmup_steps: 5 }).config).toMatchObject({ warmup_steps: 5, warmup_ratio: 0 });
  });
  test("an adapter brings its rank, and a contradicting key is an error", () => {
    const adapter = {
      ...{ lora_r: 8, lora_alpha: 16, lora_dropout: 0, target_modules: ["q_proj", "v_proj"] },
      ...{ use_rslora: false, use_dora: true, modules_to_save: [] },
    };
    const given = { adapter_name_or_path: "a" };
    expect(resolve(given, { adapter }).config).toMatchObject({ lora_r: 8, lora_alpha: 16 });
    expect(messages({ ...given, target_modules: ["v_proj", "q_proj"] }, { adapter })).toEqual([]);
    expect(messages({ ...given, lora_r: 4 }, { adapter })).toEqual([expect.stringContaining("it has 8")]);
  });
});

describe("refusals", () => {
  test("an unknown key names the nearest", () => {
    expect(messages({ learning_rat: 1 })).toEqual([expect.stringContaining("nearest is learning_rate")]);
    expect(messages({ epochs: 1 })).toEqual([expect.stringContaining("num_train_epochs")]);
    expect(messages({ max_seq_length: 1 })).toEqual([expect.stringContaining("nearest is max_length")]);
  });
  test.each([
    ["packing", "yes", "true or false"],
    ["max_length", 1.5, "whole number"],
    ["learning_rate", "2e-4", "number"],
    ["lr_scheduler_type", "polynomial", "linear, cosine, cosine_with_min_lr"],
    ["device", "gpu", "webgpu:N"],
    ["report_to", "wandb", "tensorboard"],
    ["target_modules", ["q_proj", "lm_head"], "never lm_head"],
    ["template", ["a", "b"], "text"],
    ["lora_dropout", 1, "below 1"],
    ["train_files", [], "a file or a list of files"],
    ["target_modules", [], "names of linear layers"],
    ["target_modules", "(q|v_proj", "one pattern for whole names"],
    ["target_modules", ["q_proj", 3], "names of linear layers"],
    ["freeze_trainable_layers", 0, "other than 0"],
  ])("%s: %s is refused, saying what was expected", (key, value, expected) => {
    expect(messages({ [key]: value })).toEqual([expect.stringContaining(expected)]);
  });
  test.each([
    [{ warmup_steps: 1, warmup_ratio: 0.1 }, "both given"],
    [{ eval_files: "e.jsonl", eval_split: 0.1 }, "both given"],
    [{ eval_steps: 5, eval_split: 0 }, "nothing to evaluate"],
    [{ overwrite_output_dir: true, resume_from_checkpoint: "x" }, "would delete"],
    [{ adapter_name_or_path: "a", finetuning_type: "full" }, "finetuning_type is not lora"],
    [{ quantization: "4bit", finetuning_type: "full" }, "quantized"],
    [{ quantization: "8bit", finetuning_type: "freeze" }, "quantized"],
    [{ engine: "tfjs", device: "webgpu" }, "tfjs"],
  ])("%j cannot work", (values, expected) => {
    expect(messages(values)).toEqual([expect.stringContaining(expected)]);
  });
  test("required keys are named, unless the caller supplies them", () => {
    const { problems } = resolveConfig([]);
    expect(problems.map((p) => p.key)).toEqual(["model_name_or_path", "train_files", "output_dir"]);
    expect(() => requireConfig(resolveConfig([]))).toThrow(/model_name_or_path is required.*output_dir is required/);
    const supplied = ["model_name_or_path", "train_files", "output_dir"] as const;
    expect(resolveConfig([], { supplied }).config?.train_files).toEqual([]);
  });
});

describe("target_modules", () => {
  const flag = (...args: string[]) => parseFlags(["--target_modules", ...args]).layer.values["target_modules"];
  test("is a list of names, or one pattern whatever commas it has", () => {
    expect(flag("q_proj,v_proj")).toEqual(["q_proj", "v_proj"]);
    expect(flag("q_proj", "v_proj")).toEqual(["q_proj", "v_proj"]);
    const pattern = String.raw`.*\.\d{1,2}\.self_attn\.(q|v)_proj`;
    expect(flag(pattern)).toEqual([pattern]);
    expect(resolve({ target_modules: pattern }).config?.target_modules).toEqual([pattern]);
  });
  test("and modules_to_save may be null, as PEFT writes it", () => {
    expect(resolve({ modules_to_save: null, use_dora: null }).config).toMatchObject({
      modules_to_save: [],
      use_dora: false,
    });
  });
});

describe("names of other tools", () => {
  test("mapped, with a notice", () => {
    const { config, notices } = resolve({ r: 4, use_cpu: true });
    expect(config).toMatchObject({ lora_r: 4, device: "cpu" });
    expect(notices.map((n) => n.message)).toContain("r is read as lora_r");
  });
  test("ignored with a notice, or refused with the alternative", () => {
    expect(resolve({ bf16: true }).notices[0]?.message).toContain("float32");
    expect(resolve({ use_dora: false, bias: "none", rank_pattern: {} }).problems).toEqual([]);
    expect(resolve({ use_qalora: true }).problems[0]?.remedy).toContain("DoRA");
    expect(resolve({ max_steps: -1 }).config?.max_steps).toBeNull();
  });
  test("two names of one setting have to agree", () => {
    expect(messages({ r: 4, lora_r: 4 })).toEqual([]);
    expect(messages({ r: 4, lora_r: 8 })).toEqual([expect.stringContaining("same setting")]);
  });
  test("every name of TrainingArguments and LoraConfig is ours, or in the table", () => {
    const known = (name: string) => Object.hasOwn(CONFIG_KEYS, name) || FOREIGN_NAMES.has(name);
    expect([...reference.TrainingArguments, ...reference.LoraConfig].filter((name) => !known(name))).toEqual([]);
  });
  test("the table never names one of our own keys", () => {
    for (const name of FOREIGN_NAMES.keys()) expect(Object.keys(CONFIG_KEYS)).not.toContain(name);
  });
});

describe("paths", () => {
  const context: ResolveContext = {
    resolvePath: (base, path) => (path.startsWith("/") ? path : `${base}/${path}`),
    exists: (path) => path === "/runs/models/tiny",
  };
  const layer = (values: Record<string, unknown>): ConfigLayer => ({ source: "file", baseDir: "/runs", values });
  test("count from the layer's folder; names stay names", () => {
    const values = {
      ...BASE,
      model_name_or_path: "models/tiny",
      template: "chatml-human",
      train_files: ["a.jsonl", "/b.json", "my set"],
    };
    expect(resolveConfig([layer(values)], context).config).toMatchObject({
      model_name_or_path: "/runs/models/tiny", template: "chatml-human", output_dir: "/runs/out",
      train_files: ["/runs/a.jsonl", "/b.json", "my set"],
    }); // prettier-ignore
    expect(resolveConfig([layer({ ...values, model_name_or_path: "Qwen/Qwen2.5-0.5B", template: "t.jinja" })], context).config)
      .toMatchObject({ model_name_or_path: "Qwen/Qwen2.5-0.5B", template: "/runs/t.jinja" }); // prettier-ignore
  });
});

describe("YAML and flags", () => {
  test("errors carry file and line", () => {
    expect(() => readYaml("a: 1\nb: [", "run.yaml")).toThrow(expect.objectContaining({ code: "bad-yaml" }));
    const layer = readYaml("model_name_or_path: m\n\nlearning_rat: 1\n", "run.yaml");
    const { problems } = resolveConfig([layer]);
    expect(problems[0]?.where).toEqual({ file: "run.yaml", line: 3, what: "learning_rat" });
  });
  test("1.2 core schema: no is text, 2e-4 a number", () => {
    expect(readYaml("packing: no\nlearning_rate: 2e-4\nseed: 0o17").values).toEqual({
      packing: "no",
      learning_rate: 2e-4,
      seed: 15,
    });
  });
  test("flags are parsed by their key's type", () => {
    const args =
      "run.yaml --packing --seed 3 --train_files a.jsonl b.jsonl --learning-rate=1e-3 --run_name 007 --shuffle false".split(
        " ",
      );
    const { layer, positionals } = parseFlags(args, "/here");
    expect(positionals).toEqual(["run.yaml"]);
    expect(layer.values).toEqual({
      packing: true, seed: 3, train_files: ["a.jsonl", "b.jsonl"], "learning-rate": 1e-3, run_name: "007", shuffle: false,
    }); // prettier-ignore
    expect(parseFlags(["--packing", "run.yaml"]).positionals).toEqual(["run.yaml"]);
  });
  test("a flag of the wrong type is an error that shows the text", () => {
    const { layer } = parseFlags(["--seed", "many", "--max_length", "1.5"]);
    expect(resolveConfig([file({}), layer]).problems.map((p) => p.message)).toEqual([
      "seed: expected a whole number from 0, got many",
      "max_length: expected a whole number from 2, got 1.5",
    ]);
  });
  test("YAML and command give the same run again", () => {
    const resolved = resolve({
      warmup_steps: 3,
      target_modules: ["q_proj", "v_proj"],
      run_name: "it's 中文",
      packing: false,
    });
    const again = resolveConfig([readYaml(toYaml(resolved.entries))]);
    expect(again.config).toEqual(resolved.config);
    expect(resolveConfig([readYaml(toYaml(resolved.entries, { everything: true }))]).config).toEqual(resolved.config);
    expect(toCommand(resolved.entries)).toContain(
      `--target_modules q_proj v_proj --warmup_steps 3 --run_name 'it'\\''s 中文'`,
    );
  });
});
