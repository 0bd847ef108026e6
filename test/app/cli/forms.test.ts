import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { CHATML_HUMAN_FORM, formTwin } from "#shared/text/index.ts";
import { repositoryRoot } from "../../shared.ts";
import { startCore } from "../core/helpers.ts";
import { newHome, sift } from "./sift.ts";

const model = join(repositoryRoot, "resources", "sample", "model");
const FORM = {
  ...CHATML_HUMAN_FORM,
  name: "bot",
  first_turn: "keep" as const,
  default_system: "",
  roles: {
    user: { ...CHATML_HUMAN_FORM.roles.user, name: "human" },
    assistant: { ...CHATML_HUMAN_FORM.roles.assistant, name: "bot" },
  },
};

interface Made {
  readonly run: string;
  readonly output_dir: string;
}

test("a saved form goes out as the file that it came from", async () => {
  const { client, core, home } = await startCore();
  await client.text.save({ name: "turns", form: FORM });
  await client.text.save({ name: "jinja", source: "{{ 1 }}" });
  await core.close();
  const exported = await sift(["export", "template", "turns", "--home", home]);
  expect(JSON.parse(exported.stdout)).toEqual({ ...FORM, name: "turns" });
  expect((await sift(["export", "template", "jinja", "--home", home])).stdout).toBe("{{ 1 }}");
  expect((await sift(["export", "template", "none", "--home", home])).stderr).toContain("There are: jinja, turns");
});

test("a form's file is a template of the command line, and a run's record keeps what it said", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sift 表单 "));
  const home = ["--home", await newHome()];
  const [data, form, run] = ["rows.jsonl", "bot.yaml", "run.yaml"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const rows = Array.from({ length: 4 }, (_, i) => ({
    messages: [
      { role: "user", content: `Say ${i}` },
      { role: "assistant", content: `I say ${i}.` },
    ],
  }));
  await writeFile(data, rows.map((row) => JSON.stringify(row)).join("\n"));
  await writeFile(form, stringify(FORM));
  const encoded = await sift(["encode", "--data", data, "--tokenizer", model, "--template", form]);
  expect([encoded.code, encoded.stdout.trim().split("\n").length]).toEqual([0, 4]);

  const keys = {
    model_name_or_path: model,
    train_files: "rows.jsonl",
    output_dir: "out",
    template: "bot.yaml",
    max_steps: 1,
  };
  await writeFile(run, stringify(keys));
  const trained = await sift(["train", run, "--json", ...home]);
  expect([trained.stderr, trained.code]).toEqual([expect.any(String), 0]);
  const made = JSON.parse(trained.stdout) as Made;
  const twin = formTwin(FORM, "");
  expect(await readFile(join(made.output_dir, "chat_template.jinja"), "utf8")).toBe(twin);

  expect(trained.stderr).toContain("It differs in: roles");

  // the file changes under the run, which keeps what it was rendered with
  await writeFile(form, stringify({ ...FORM, name: "other", bos: "bos_token" }));
  const printed = await sift(["export", "run", made.run, ...home]);
  expect(printed.code).toBe(1);
  expect(printed.stderr).toContain("template-changed");
  const again = join(folder, "again.yaml");
  expect((await sift(["export", "run", made.run, "--output", again, ...home])).code).toBe(0);
  const record = parse(await readFile(again, "utf8")) as { template: string };
  expect(record.template).toBe("./again.form.json");
  expect(JSON.parse(await readFile(join(folder, "again.form.json"), "utf8"))).toEqual(FORM);
  const second = await sift(["train", again, "--json", ...home]);
  expect(second.code).toBe(0);
  const { output_dir: secondDir } = JSON.parse(second.stdout) as Made;
  expect(await readFile(join(secondDir, "chat_template.jinja"), "utf8")).toBe(twin);
}, 120_000);
