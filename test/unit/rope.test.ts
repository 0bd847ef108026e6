import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { repositoryRoot } from "../shared.ts";
import { modelFromConfig } from "#worker/models/folder.ts";
import { ropeTable } from "#worker/models/rope-frequencies.ts";

/** Frequencies and attention factors against those of transformers (test/oracles/rope/make.py). */

interface Case {
  readonly name: string;
  readonly config: Record<string, unknown>;
  readonly frequencies: readonly number[];
  readonly attention_factor: number;
  readonly above?: number;
  readonly long_frequencies?: readonly number[];
}
const file = join(repositoryRoot, "test", "oracles", "rope", "expected.json");
const cases = JSON.parse(readFileSync(file, "utf8")) as Case[];

const tableOf = (raw: Record<string, unknown>) => {
  const { config } = modelFromConfig(raw);
  const rope = config.attention[0]?.rope;
  if (!rope) throw new Error("no rope");
  return ropeTable(rope, config.headSize);
};

function expectClose(got: readonly number[] | undefined, wanted: readonly number[] | undefined): void {
  expect(got?.length).toBe(wanted?.length);
  wanted?.forEach((value, pair) =>
    expect(Math.abs((got?.[pair] ?? NaN) / value - 1), `pair ${pair}`).toBeLessThan(2e-6),
  );
}

describe("rope", () => {
  test.each(cases)("$name", (one) => {
    const { frequencies, long, attentionFactor } = tableOf(one.config);
    expectClose(frequencies, one.frequencies);
    expectClose(long?.frequencies, one.long_frequencies);
    expect(long?.above).toBe(one.above);
    expect(attentionFactor).toBeCloseTo(one.attention_factor, 6);
  });

  test("dynamic has an end, beyond which it would depend on what was read before", () => {
    const dynamic = cases.find(({ name }) => name === "dynamic");
    expect(modelFromConfig(dynamic?.config ?? {}).config.longestText).toBe(4096);
    expect(modelFromConfig(cases[0]?.config ?? {}).config.longestText).toBeUndefined();
  });

  test.each([
    [{ rope_type: "proportional" }, "rope_type"],
    [{ rope_type: "default", partial_rotary_factor: 0.5 }, "partial_rotary_factor"],
    [{ rope_type: "default", mrope_section: [8, 4, 4] }, "mrope_section"],
  ])("%j is refused by name", (parameters, what) => {
    expect(() => tableOf({ ...cases[0]?.config, rope_scaling: parameters })).toThrow(
      expect.objectContaining({ code: "model-unsupported", where: expect.objectContaining({ what }) as unknown }),
    );
  });

  test.each([
    [{ rope_type: "linear" }, "factor"],
    [{ rope_type: "yarn", factor: -1 }, "factor"],
    [{ rope_type: "longrope", short_factor: [1], long_factor: "x" }, "long_factor"],
    [{ rope_type: "longrope", short_factor: [1], long_factor: [1] }, "rope_parameters"],
  ])("%j is invalid", (parameters, what) => {
    expect(() => tableOf({ ...cases[0]?.config, rope_scaling: parameters })).toThrow(
      expect.objectContaining({ code: "model-config-invalid", where: expect.objectContaining({ what }) as unknown }),
    );
  });
});
