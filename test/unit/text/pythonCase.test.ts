import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { madeCases } from "../../python/template-cases.ts";

/** A Python with transformers, where SIFT_PYTHON names one; `npm run test:python` brings its own. */
const python = process.env["SIFT_PYTHON"] ?? "";

describe("a row as a Python test case", () => {
  const cases = madeCases();

  test.each(cases)("$name: is plain ASCII and asserts ids and labels", ({ name, script, labels }) => {
    expect(/^[ -~\n]*$/.test(script)).toBe(true);
    expect(script).toContain("AutoTokenizer.from_pretrained(MODEL)");
    expect(script).toContain("assert ids == IDS");
    expect(script).toContain("assert labels == LABELS");
    expect(labels).toBeGreaterThan(0);
    expect(script.includes("return_assistant_tokens_mask")).toBe(/^tagged \(/.test(name));
    expect(script.includes("PIECES")).toBe(/segments|headings|thinking|special/.test(name));
  });

  test.skipIf(!existsSync(python)).each(cases)("$name: runs in Python (SIFT_PYTHON)", ({ script, ids, labels }) => {
    const folder = mkdtempSync(join(tmpdir(), "sift-case-"));
    try {
      const file = join(folder, "case.py");
      writeFileSync(file, script);
      const printed = execFileSync(python, [file], { encoding: "utf8" });
      expect(printed).toContain(`${ids} ids and ${labels} labels are as expected`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
