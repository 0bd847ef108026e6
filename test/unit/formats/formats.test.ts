import { describe, expect, test } from "vitest";
import { readAdapterConfig, writeAdapterConfig } from "#shared/formats/adapter-config.ts";
import { checkpointStep, resumeDifferences } from "#shared/formats/checkpoint.ts";
import {
  editGenerationConfig,
  editModelConfig,
  editSpecialTokensMap,
  editTokenizerConfig,
} from "#shared/formats/serving.ts";
import { crc32c, eventFileName, fileVersionRecord, scalarsRecord } from "#shared/formats/tensorboard.ts";
import { readTrainerState, writeTrainerState } from "#shared/formats/trainer-state.ts";

const ADAPTER = {
  ...{ r: 8, alpha: 16, dropout: 0, targetModules: ["q_proj", "v_proj"], baseModel: "base" },
  ...{ rslora: false, dora: false, modulesToSave: [] },
};

describe("adapter_config.json", () => {
  test("is read back as it was written", () => {
    expect(readAdapterConfig(JSON.parse(writeAdapterConfig(ADAPTER)), "a.json")).toEqual(ADAPTER);
  });
  test("kinds of LoRA and saved modules are read back", () => {
    const own = { ...ADAPTER, rslora: true, dora: true, modulesToSave: ["embed_tokens"], targetModules: [".*q_proj"] };
    expect(readAdapterConfig(JSON.parse(writeAdapterConfig(own)), "a.json")).toEqual(own);
  });
  test("a variant is refused by name", () => {
    const json = { ...JSON.parse(writeAdapterConfig(ADAPTER)), use_qalora: true } as unknown;
    expect(() => readAdapterConfig(json, "a.json")).toThrow(expect.objectContaining({ code: "adapter-variant" }));
    expect(() => readAdapterConfig({ peft_type: "IA3" }, "a.json")).toThrow(/not the configuration of a LoRA/);
  });
});

describe("trainer_state.json", () => {
  test("is read back with its history", () => {
    const state = {
      epoch: 1, global_step: 2, max_steps: 2, num_train_epochs: 1, logging_steps: 1, eval_steps: null,
      save_steps: null, train_batch_size: 1, num_input_tokens_seen: 9, log_history: [{ step: 2, eval_loss: 1.5 }],
    }; // prettier-ignore
    expect(readTrainerState(writeTrainerState(state))).toMatchObject(state);
  });
});

describe("TensorBoard events", () => {
  test("CRC-32C of the usual check string", () => {
    expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
  });
  test("the first record is the one TensorFlow writes", () => {
    // tf.summary.FileWriter at wall time 1: Event{wall_time: 1, file_version: "brain.Event:2"}
    const bytes = fileVersionRecord(1);
    expect(new DataView(bytes.buffer).getBigUint64(0, true)).toBe(24n);
    expect([...bytes.subarray(12, 23)]).toEqual([0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x1a, 13]);
    expect(new TextDecoder().decode(bytes.subarray(23, 36))).toBe("brain.Event:2");
  });
  test("a scalar carries tag, step and value", () => {
    const bytes = scalarsRecord(1, 300, { "train/loss": 0.5 });
    expect([...bytes.subarray(21, 26)]).toEqual([0x10, 0xac, 0x02, 0x2a, 19]);
    expect(new DataView(bytes.buffer).getFloat32(bytes.length - 8, true)).toBe(0.5);
    expect(eventFileName(12.5, "host", 7)).toBe("events.out.tfevents.12.host.7.0");
  });
});

describe("serving", () => {
  const serving = { template: "{{ x }}", defaultSystem: "Be brief.", endOfTurn: "<|im_end|>", stopIds: [5] };
  test("the trained end of turn comes first, the model's own stays", () => {
    expect(editGenerationConfig({}, { eos_token_id: [2, 5], bos_token_id: 1 }, serving)).toEqual({
      bos_token_id: 1,
      eos_token_id: [5, 2],
    });
    expect(editGenerationConfig({ eos_token_id: 5, top_p: 0.8 }, {}, serving)).toEqual({ eos_token_id: 5, top_p: 0.8 });
  });
  test("tokenizer and model configuration keep what they had", () => {
    expect(editTokenizerConfig({ a: 1, eos_token: "</s>" }, serving)).toEqual({
      a: 1,
      eos_token: "<|im_end|>",
      chat_template: "{{ x }}",
      default_system: "Be brief.",
    });
    expect(editModelConfig({ a: 1, torch_dtype: "bfloat16" }, "float32")).toEqual({ a: 1, torch_dtype: "float32" });
  });
});

describe("serving with a padding token of the template's own", () => {
  test("names it in every file", () => {
    const serving = { ...NO_CHANGE, pad: { text: "<pad>", id: 7 } };
    expect(editTokenizerConfig({}, serving)).toEqual({ pad_token: "<pad>" });
    expect(editSpecialTokensMap({ pad_token: "x" }, serving)).toEqual({ pad_token: "<pad>" });
    expect(editGenerationConfig({ pad_token_id: 1 }, { pad_token_id: 2 }, serving)).toEqual({ pad_token_id: 7 });
    expect(editSpecialTokensMap({ pad_token: "x" }, NO_CHANGE)).toEqual({ pad_token: "x" });
  });
});
const NO_CHANGE = { template: null, defaultSystem: null, endOfTurn: null, stopIds: [] };

describe("checkpoints", () => {
  test("only whole names count", () => {
    expect(["checkpoint-12", "checkpoint-12.tmp", "checkpoint-"].map(checkpointStep)).toEqual([
      12,
      undefined,
      undefined,
    ]);
  });
  test("differences are named with both values; where it goes and how it is shown are free", () => {
    const written = { config: { seed: 1, output_dir: "a", max_steps: null }, pins: { data: "x", siftVersion: "1" } };
    const wanted = { config: { seed: 2, output_dir: "b" }, pins: { data: "y", siftVersion: "2" } };
    expect(resumeDifferences(written, wanted)).toEqual(["seed (was 1, now 2)", 'data (was "x", now "y")']);
  });
});
