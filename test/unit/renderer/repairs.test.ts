import { describe, expect, it } from "vitest";
import type { Proof } from "#shared/contract/text.ts";
import { DEFAULT_REPAIRS, FINDING_CLASSES, REPAIRS } from "#shared/text/findings.ts";
import { proof as words } from "#renderer/i18n/en/proof.ts";
import { repairOf, settingsAfter } from "#renderer/views/template/proof/repairs.ts";

const changed: Proof = {
  id: "p1",
  versionId: "v1",
  settings: {
    modelPath: "/model",
    template: { kind: "preset", name: "chatml" },
    mask: "last_assistant",
    maskOptions: { endOfTurn: "none" },
    maxLength: 64,
  },
  rows: 3,
  tokens: 300,
  supervisedTokens: 100,
  longestRow: 120,
  findings: [],
  settingsFindings: [],
  rules: [],
  leastTrained: [],
  blocking: [],
  finishedAt: 0,
};

describe("the default repair of a class", () => {
  it("is one of those that the table names, for every class", () => {
    for (const name of FINDING_CLASSES) {
      const repair = repairOf(name, changed, words);
      const kind = repair === "exclude-rows" ? repair : repair.kind;
      expect(REPAIRS).toContain(kind);
      expect(DEFAULT_REPAIRS[name]).toContain(kind);
    }
  });

  it("is never offered once it changes nothing; in the end rows are left out", () => {
    for (const name of FINDING_CLASSES) {
      let proof = changed;
      const seen: string[] = [];
      for (;;) {
        const repair = repairOf(name, proof, words);
        if (repair === "exclude-rows") break;
        expect(seen).not.toContain(repair.kind);
        seen.push(repair.kind);
        proof = { ...proof, settings: settingsAfter(proof.settings, repair.change) };
      }
      expect(seen).toEqual(DEFAULT_REPAIRS[name].filter((each) => each !== "exclude-rows"));
    }
  });
});
