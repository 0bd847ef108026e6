import { describe, expect, test } from "vitest";
import { newHome, sift } from "./sift.ts";

describe("usage", () => {
  test("--help lists every command and ends well", async () => {
    const { code, stdout } = await sift(["--help"]);
    expect(code).toBe(0);
    for (const name of ["serve", "import", "runs", "compare", "doctor"])
      expect(stdout).toMatch(new RegExp(`^  ${name} `, "m"));
  });
  test("--version is the package's", async () => {
    expect((await sift(["--version"])).stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
  });
  test.each([
    [["bogus"], /unknown command 'bogus'/],
    [["runs", "--bogus"], /unknown option '--bogus'/],
    [["serve", "--port", "x"], /whole number of at least 0/],
    [["import", "rows.jsonl"], /required option '--name/],
    [["import", "--name", "x"], /missing required argument 'file'/],
    [["compare", "one"], /two or more runs/],
  ])("%j is wrong usage: 2, on stderr only", async (args, message) => {
    const { code, stdout, stderr } = await sift(args);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(message);
  });
  test("an empty home has no runs", async () => {
    const home = await newHome();
    expect((await sift(["runs", "--home", home])).stdout).toBe("There are no runs yet.\n");
    expect(JSON.parse((await sift(["runs", "--json", "--home", home])).stdout)).toEqual({ runs: [] });
  });
  test("a run that is not there is named, on stdout too under --json", async () => {
    const { code, stdout, stderr } = await sift(["compare", "a", "b", "--json", "--home", await newHome()]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/no-such-run/);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "no-such-run" } });
  });
  test("doctor checks the native modules for real", async () => {
    const { stdout } = await sift(["doctor", "--json", "--home", await newHome()]);
    const { checks } = JSON.parse(stdout) as { checks: { name: string; state: string }[] };
    for (const name of ["Node", "better-sqlite3", "onnxruntime-node"]) {
      expect(checks.find((check) => check.name === name)?.state).toBe("ok");
    }
  });
});
