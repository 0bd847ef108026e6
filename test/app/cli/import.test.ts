import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { sharedPath } from "../../shared.ts";
import { newHome, sift, startSift } from "./sift.ts";

const row = (text: string) =>
  JSON.stringify({
    messages: [
      { role: "user", content: text },
      { role: "assistant", content: "ok" },
    ],
  });

describe("import", () => {
  test("keeps what it cannot read and says so", async () => {
    const home = await newHome();
    const file = join(home, "对话 rows.jsonl");
    await writeFile(file, [row("one"), "{ not json", row("two"), ""].join("\n"));
    const { code, stdout } = await sift(["import", file, "--name", "mine", "--json", "--home", home]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ name: "mine", rows: 2, badRows: 1 });
  });
  test("a missing file is an error that names it", async () => {
    const { code, stderr } = await sift(["import", "/nowhere/rows.jsonl", "--name", "x", "--home", await newHome()]);
    expect(code).toBe(1);
    expect(stderr).toContain("/nowhere/rows.jsonl");
  });
  test("--limit takes the first rows", async () => {
    const home = await newHome();
    const file = join(home, "rows.jsonl");
    await writeFile(file, Array.from({ length: 20 }, (_, i) => row(`row ${i}`)).join("\n"));
    const { stdout } = await sift(["import", file, "--name", "few", "--limit", "7", "--json", "--home", home]);
    expect(JSON.parse(stdout)).toMatchObject({ rows: 7, badRows: 0 });
  });
  const belle = sharedPath("datasets", "belle_267.jsonl");
  test.skipIf(belle === undefined)("belle_267 (needs shared/datasets)", async () => {
    const { stdout } = await sift(["import", belle ?? "", "--name", "belle", "--json", "--home", await newHome()]);
    expect(JSON.parse(stdout)).toMatchObject({ rows: 267 });
  });
});

describe("a home that another process holds", () => {
  test("is worked with through that process", async () => {
    const home = await newHome();
    const file = join(home, "rows.jsonl");
    await writeFile(file, row("one"));
    const serving = startSift(["serve", "--json", "--home", home]);
    const first = await serving.firstLine;
    if (first === "") throw new Error((await serving.finished).stderr);
    const imported = await sift(["import", file, "--name", "beside", "--json", "--home", home]);
    expect(JSON.parse(imported.stdout)).toMatchObject({ name: "beside", rows: 1 });
    const second = startSift(["serve", "--json", "--home", home]);
    const { port, token } = JSON.parse(await second.firstLine) as { port: number; token: string };
    const page = await fetch(`http://127.0.0.1:${port}/?token=${token}`, { redirect: "manual" });
    expect(page.status).toBe(302);
    for (const { child, finished } of [second, serving]) {
      child.kill("SIGTERM");
      expect((await finished).code).toBe(0);
    }
  });
});
