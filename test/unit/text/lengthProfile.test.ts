import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openCoder } from "#main/core/text/encoding.ts";
import type { EncodeSettings } from "#shared/contract/text.ts";
import {
  IGNORE,
  LengthCounter,
  lengthOutcome,
  packRows,
  type LengthOutcome,
  type LengthPolicy,
  type ParsedRow,
} from "#shared/text/index.ts";
import { repositoryRoot } from "../../shared.ts";

function outcomeOf(counter: LengthCounter, limit: number, policy: LengthPolicy): LengthOutcome {
  const outcome = lengthOutcome(counter.profile(), limit, policy);
  if (!outcome) throw new Error("the profile lacks the policy");
  return outcome;
}

/** Rows of given lengths, every third token supervised. */
const rows = (lengths: readonly number[]) =>
  lengths.map((length) => ({
    ids: Int32Array.from({ length }, (_, i) => i),
    labels: Int32Array.from({ length }, (_, i) => (i % 3 === 0 ? i : IGNORE)),
  }));
const lengths = Array.from({ length: 500 }, (_, i) => 5 + ((i * 7919) % 700));

describe("a length profile", () => {
  const all = rows(lengths);
  const counter = new LengthCounter();
  const halves = [new LengthCounter(), new LengthCounter()];
  all.forEach((row, i) => {
    counter.add(row);
    halves[i % 2]?.add(row);
  });

  it.each([16, 64, 256, 512, 4096])("answers a limit of %i as cutting every row does", (limit) => {
    const outcome = outcomeOf(counter, limit, "end");
    expect(outcome.rowsOver).toBe(lengths.filter((length) => length > limit).length);
    expect(outcome.tokensLost).toBe(lengths.reduce((sum, length) => sum + Math.max(0, length - limit), 0));
    const lost = all.flatMap(({ labels }) => [...labels.slice(limit)]).filter((label) => label !== IGNORE).length;
    expect(outcome.supervisedLost).toBe(lost);
  });

  it("estimates the packs of the packer within two in a hundred", () => {
    for (const limit of [256, 512, 1024]) {
      const cut = lengths.map((length) => Math.min(length, limit));
      const packs = packRows(cut, { maxLength: limit }).length;
      const { packs: estimate } = outcomeOf(counter, limit, "end");
      expect(Math.abs(estimate - packs) / packs).toBeLessThan(0.02 + 1 / packs);
    }
  });

  it("is the same from several threads", () => {
    const merged = new LengthCounter();
    for (const half of halves) merged.merge(half.profile());
    expect(merged.profile()).toEqual(counter.profile());
  });
});

/** Conversations of several turns, some with a system turn, of many lengths. */
const conversations: ParsedRow[] = Array.from({ length: 60 }, (_, i) => ({
  kind: "conversation",
  conversation: {
    messages: [
      ...(i % 3 === 0 ? [{ role: "system", content: `Be number ${i}.` }] : []),
      ...Array.from({ length: 1 + (i % 5) }, (_turn, turn) => [
        { role: "user", content: `Question ${turn}: ${"why ".repeat((i * 7 + turn * 3) % 23)}` },
        { role: "assistant", content: `Because ${"of that ".repeat((i * 5 + turn * 11) % 31)}` },
      ]).flat(),
    ],
  },
}));

describe("a limit under each policy, beside rows that were encoded that way", () => {
  const settings: EncodeSettings = {
    modelPath: join(repositoryRoot, "resources", "sample", "model"),
    template: { kind: "preset", name: "chatml" },
  };
  const whole = openCoder(settings);
  const stopIds = new Set(whole.encoder?.stopIds);
  const counter = new LengthCounter();
  for (const [i, row] of conversations.entries()) {
    const { whole: encoded, facts } = whole.encodeAll(row, i);
    counter.add(encoded, { roles: facts.roles, stopIds });
  }
  const supervised = ({ labels }: { labels: Int32Array }): number => labels.slice(1).filter((l) => l !== IGNORE).length;
  const encodedUnder = (more: Partial<EncodeSettings>) => {
    const coder = openCoder({ ...settings, ...more });
    return conversations.flatMap((row, i) => coder.encodeAll(row, i).rows);
  };
  const policies: Record<Exclude<LengthPolicy, "error">, Partial<EncodeSettings>> = {
    end: { overLength: "truncate" },
    drop: { overLength: "drop" },
    split: { overLength: "split" },
    whole_turns: { overLength: "truncate", rowOptions: { truncation: "whole_turns" } },
    oldest_turns: { overLength: "truncate", rowOptions: { truncation: "oldest_turns" } },
    turns: { overLength: "truncate", rowOptions: { splitTurns: true } },
  };

  for (const [policy, more] of Object.entries(policies) as [keyof typeof policies, Partial<EncodeSettings>][]) {
    it.each([64, 160, 400])(`${policy} at %i tokens`, (limit) => {
      const made = encodedUnder({ ...more, maxLength: limit });
      const outcome = outcomeOf(counter, limit, policy);
      const tokens = made.reduce((sum, { ids }) => sum + ids.length, 0);
      const all = counter.profile().policies?.supervisedOf.reduce((sum, each) => sum + each, 0) ?? 0;
      const lost = all - made.reduce((sum, row) => sum + supervised(row), 0);
      expect(outcome.tokensKept).toBe(tokens);
      // a part's first token has nothing before it to be predicted from
      if (policy !== "split") expect(outcome.supervisedLost).toBe(lost);
      const packs = packRows(
        made.map(({ ids }) => ids.length),
        { maxLength: limit },
      ).length;
      expect(Math.abs(outcome.packs - packs) / packs).toBeLessThan(policy === "split" ? 0.3 : 0.15);
    });
  }
});
