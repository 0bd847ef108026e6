import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { repositoryRoot } from "../../shared.ts";
import { sift } from "./sift.ts";

const model = join(repositoryRoot, "resources", "sample", "model");

interface Answer {
  readonly text: string;
  readonly ids: number[];
  readonly prompt_ids: number[];
  readonly stopped: boolean;
}

describe("generate with the sample model", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sift 生成 "));
  });
  const answer = async (...flags: string[]): Promise<Answer> => {
    const { code, stdout, stderr } = await sift(["generate", "--model", model, "--json", ...flags]);
    expect(stderr).not.toMatch(/^sift:/m);
    expect(code).toBe(0);
    return JSON.parse(stdout) as Answer;
  };

  test("a greedy answer stops by itself and is the same again", async () => {
    const first = await answer("--prompt", "Can you explain roses?");
    expect(first.stopped).toBe(true);
    expect(first.text.length).toBeGreaterThan(0);
    expect(await answer("--prompt", "Can you explain roses?")).toMatchObject({ ids: first.ids, text: first.text });
  });
  test("--messages gives what --prompt gives for the same conversation", async () => {
    const file = join(folder, "messages.json");
    await writeFile(file, JSON.stringify([{ role: "user", content: "Can you explain roses?" }]));
    const [spoken, written] = [await answer("--prompt", "Can you explain roses?"), await answer("--messages", file)];
    expect(written.prompt_ids).toEqual(spoken.prompt_ids);
    expect(written.ids).toEqual(spoken.ids);
  });
  test("--max_new_tokens ends an answer early and says so", async () => {
    const { stdout, stderr, code } = await sift([
      "generate",
      "--model",
      model,
      "--prompt",
      "hi",
      "--max_new_tokens",
      "2",
    ]);
    expect(code).toBe(0);
    expect(stdout.trim().length).toBeGreaterThan(0);
    expect(stderr).toMatch(/did not end by itself within 2 tokens/);
  });
  test.each([
    [["--model", model], 2, /either --prompt TEXT or --messages FILE/],
    [["--model", model, "--prompt", "a", "--messages", "b"], 2, /either/],
    [["--model", "nowhere", "--prompt", "a"], 2, /no folder nowhere/],
    [["--model", model, "--prompt", "a", "--temperature", "hot"], 2, /number from 0/],
  ])("%j is wrong usage", async (flags, expected, message) => {
    const { code, stderr } = await sift(["generate", ...flags]);
    expect(stderr).toMatch(message);
    expect(code).toBe(expected);
  });
  test("a folder without weights is named: 1", async () => {
    const { code, stderr } = await sift(["generate", "--model", folder, "--prompt", "a"]);
    expect(code).toBe(1);
    expect(stderr).toContain(folder);
  });
});
