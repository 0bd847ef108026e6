import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inspectModel } from "#main/core/models/inspect.ts";
import { ownTemplate, ownTemplates } from "#main/core/models/template.ts";
import { sharedPath } from "../../shared.ts";
import { startCore, temporaryFolder } from "./helpers.ts";

const CONFIG = { model_type: "llama", vocab_size: 4, hidden_size: 2, intermediate_size: 3 };

/** A safetensors file with float32 zeros. */
function writeWeights(file: string, tensors: Record<string, number[]>): void {
  let offset = 0;
  const entries = Object.entries(tensors).map(([name, shape]) => {
    const bytes = 4 * shape.reduce((product, n) => product * n, 1);
    const entry = [name, { dtype: "F32", shape, data_offsets: [offset, offset + bytes] }] as const;
    offset += bytes;
    return entry;
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(file, Buffer.concat([length, header, Buffer.alloc(offset)]));
}

/** A model folder of the given config and files. */
function modelFolder(
  config: object = CONFIG,
  tensors: Record<string, number[]> | null = { "model.embed_tokens.weight": [4, 2] },
) {
  const folder = join(temporaryFolder(), "模型 one");
  mkdirSync(folder);
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  if (tensors) writeWeights(join(folder, "model.safetensors"), tensors);
  return folder;
}
const problemOf = (folder: string) => inspectModel(folder, "folder").problem;

describe("model folders", () => {
  it("counts parameters from the headers", () => {
    expect(inspectModel(modelFolder(), "folder")).toMatchObject({ parameters: 8, modelType: "llama", problem: null });
  });

  it("reads sharded weights and misses a shard by name", () => {
    const folder = modelFolder(CONFIG, null);
    const map = { a: "model-1.safetensors", b: "model-2.safetensors" };
    writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map: map }));
    writeWeights(join(folder, "model-1.safetensors"), { a: [3] });
    expect(problemOf(folder)).toMatchObject({
      code: "shard-missing",
      message: "1 of 2 weight files are missing: model-2.safetensors",
    });
    writeWeights(join(folder, "model-2.safetensors"), { b: [2, 2] });
    expect(inspectModel(folder, "folder")).toMatchObject({ parameters: 7, problem: null });
  });

  it.each([
    ["model-no-weights", null],
    ["model-bin", "pytorch_model.bin"],
    ["model-gguf", "model-q4.gguf"],
    ["model-is-adapter", "adapter_config.json"],
  ])("says %s", (code, file) => {
    const folder = modelFolder(CONFIG, null);
    if (file) writeFileSync(join(folder, file), "{}");
    expect(problemOf(folder)).toMatchObject({ code, where: { file: folder } });
  });

  it("recognises an adapter and a GGUF without config.json", () => {
    const folder = temporaryFolder();
    expect(problemOf(join(folder, "gone"))?.code).toBe("model-folder");
    writeFileSync(join(folder, "adapter_config.json"), "{}");
    expect(problemOf(folder)?.code).toBe("model-is-adapter");
  });

  it("never runs a model's own code, and names unknown families", () => {
    const custom = { ...CONFIG, model_type: "wonder", auto_map: { AutoModelForCausalLM: "modeling.Wonder" } };
    expect(problemOf(modelFolder(custom))).toMatchObject({ code: "model-auto-map" });
    expect(problemOf(modelFolder({ ...CONFIG, model_type: "wonder" }))).toMatchObject({ code: "model-type" });
    const known = { ...CONFIG, auto_map: { AutoModelForCausalLM: "modeling.Wonder" } };
    expect(problemOf(modelFolder(known))).toBeNull();
  });

  it("finds a wrong shape and a truncated file", () => {
    const wrong = modelFolder(CONFIG, { "model.embed_tokens.weight": [5, 2] });
    expect(problemOf(wrong)).toMatchObject({ code: "model-shape", where: { what: "model.embed_tokens.weight" } });
    const cut = modelFolder();
    const file = join(cut, "model.safetensors");
    truncateSync(file, readFileSync(file).length - 1);
    expect(problemOf(cut)).toMatchObject({ code: "safetensors-truncated", where: { file } });
    truncateSync(file, 5);
    expect(problemOf(cut)).toMatchObject({ code: "safetensors-truncated" });
    writeFileSync(file, "\xff".repeat(40));
    expect(problemOf(cut)).toMatchObject({ code: "safetensors-invalid" });
  });

  it("takes the template from a file first, else from the tokenizer's configuration, text or list", () => {
    const folder = modelFolder();
    const configure = (chat_template: unknown) =>
      writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify({ chat_template }));
    expect(ownTemplate(folder)).toBeUndefined();
    configure("text");
    expect(ownTemplate(folder)?.source).toBe("text");
    configure([
      { name: "tool_use", template: "t" },
      { name: "default", template: "d" },
    ]);
    expect(ownTemplate(folder)?.source).toBe("d");
    writeFileSync(join(folder, "chat_template.jinja"), "file");
    expect(ownTemplate(folder)?.source).toBe("file");
  });

  it("has named templates, of a list and of a folder, the file of a name first", () => {
    const folder = modelFolder();
    const list = [
      { name: "tool_use", template: "t" },
      { name: "rag", template: "r" },
    ];
    writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify({ chat_template: list }));
    expect(ownTemplate(folder, "rag")?.source).toBe("r");
    expect(() => ownTemplate(folder)).toThrow(
      expect.objectContaining({ remedy: expect.stringContaining("own:rag") as string }),
    );
    mkdirSync(join(folder, "additional_chat_templates"));
    writeFileSync(join(folder, "additional_chat_templates", "tool_use.jinja"), "file");
    writeFileSync(join(folder, "chat_template.jinja"), "main");
    expect(ownTemplates(folder).map(({ name, source }) => [name, source])).toEqual([
      ["default", "main"],
      ["tool_use", "file"],
      ["rag", "r"],
    ]);
  });
});

describe("models on this machine", () => {
  it("finds snapshots of the caches and folders that were added, and changes nothing there", async () => {
    const home = temporaryFolder();
    const hub = join(home, "hf", "hub");
    const repository = join(hub, "models--org--tiny-model");
    const model = modelFolder();
    const copyTo = (folder: string) => cpSync(model, folder, { recursive: true });
    copyTo(join(repository, "snapshots", "old"));
    copyTo(join(repository, "blobs-elsewhere"));
    mkdirSync(join(repository, "refs"), { recursive: true });
    symlinkSync(join(repository, "blobs-elsewhere"), join(repository, "snapshots", "abc"));
    writeFileSync(join(repository, "refs", "main"), "abc");
    copyTo(join(home, "ms", "hub", "models", "Org", "Model-0___5B"));
    const env = { HF_HOME: join(home, "hf"), MODELSCOPE_CACHE: join(home, "ms") };
    const { client } = await startCore({ env });
    const added = await client.models.add({ path: model });
    const found = (await client.models.list()).models.filter((entry) => entry.source !== "sample");
    expect(found.map(({ name, source, path }) => [name, source, path])).toEqual([
      ["模型 one", "folder", added.path],
      ["Org/Model-0.5B", "modelscope", join(home, "ms", "hub", "models", "Org", "Model-0___5B")],
      ["org/tiny-model", "huggingface", join(repository, "snapshots", "abc")],
    ]);
    await client.models.forget({ path: added.path });
    rmSync(join(home, "ms"), { recursive: true });
    expect((await client.models.list()).models.filter((entry) => entry.source !== "sample")).toHaveLength(1);
    await expect(client.models.add({ path: home })).rejects.toMatchObject({ data: { code: "model-no-weights" } });
  });

  const stories = sharedPath("models", "stories260K-hf");
  it.skipIf(stories === undefined)("reads stories260K", () => {
    const entry = inspectModel(stories ?? "", "folder");
    expect(entry).toMatchObject({ modelType: "llama", hasTokenizer: true, hasTemplate: false, problem: null });
    expect(entry.parameters).toBe(260_032);
  });
});
