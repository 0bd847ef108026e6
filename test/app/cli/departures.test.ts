import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { repositoryRoot } from "../../shared.ts";
import { sift } from "./sift.ts";

const model = join(repositoryRoot, "resources", "sample", "model");
interface Printed {
  readonly findings: readonly { readonly class: string }[];
  readonly settings_findings: readonly {
    readonly class: string;
    readonly changes: readonly { readonly what: string; readonly own: string; readonly chosen: string }[];
    readonly diff: readonly { readonly kind: string; readonly text: string }[];
    readonly own: string;
    readonly repair: string;
  }[];
}

describe("a template that departs from the model's own", () => {
  let folder = "";
  let data = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sift-departs-"));
    data = join(folder, "rows.jsonl");
    const messages = [
      { role: "user", content: "Say 1" },
      { role: "assistant", content: "1" },
    ];
    await writeFile(data, JSON.stringify({ messages }));
  });
  const prove = (...flags: string[]) => sift(["prove", "--data", data, "--tokenizer", model, ...flags]);

  test("is a finding of its own that fails nothing, with the difference and a repair", async () => {
    const { code, stdout } = await prove("--template", "chatml-human", "--json");
    expect(code).toBe(0);
    const { findings, settings_findings: found } = JSON.parse(stdout) as Printed;
    expect(findings).toEqual([]);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ class: "template-departs", repair: "use-own-template" });
    expect(found[0]?.changes.map(({ what }) => what)).toEqual(["roles", "system"]);
    const own = found[0]?.diff.filter(({ kind }) => kind !== "chosen").map(({ text }) => text);
    expect(own?.join("")).toBe(found[0]?.own);
  });

  test("is said in words and in the written report", async () => {
    const page = join(folder, "proof.html");
    const { stdout } = await prove("--template", "chatml-human", "--report", page);
    expect(stdout).toContain("template-departs (stops nothing)");
    expect(stdout).toContain("  + <|im_start|>human");
    const html = await readFile(page, "utf8");
    expect(html).toContain("<ins>&lt;|im_start|&gt;system\nYou are a helpful assistant.");
    expect(html).toContain("Nothing was found.");
  });

  test("is no finding under the model's own", async () => {
    const { settings_findings: found } = JSON.parse((await prove("--json")).stdout) as Printed;
    expect(found).toEqual([]);
  });
});
