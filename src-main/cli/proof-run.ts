import type { EncodeSettings } from "#shared/contract/text.ts";
import { addTallies, ProofAccumulator } from "#shared/text/index.ts";
import type { ProofReport, RuleTally } from "#shared/text/index.ts";
import type { ThreadRow } from "../core/data/thread-protocol.ts";
import { table } from "./output.ts";
import { ProgressLine } from "./progress.ts";
import { encodeRows } from "./text-flags.ts";

/** Proves rows with the code that trains them. */
export async function proveRows(
  batches: AsyncIterable<readonly ThreadRow[]>,
  settings: EncodeSettings,
): Promise<ProofReport> {
  // threads did the judging, so that nothing of the settings is asked for here
  const proof = new ProofAccumulator({ tokenizer: undefined, mask: "assistant", stopIds: [], audit: true });
  let rules: readonly RuleTally[] = [];
  const line = new ProgressLine();
  let done = 0;
  for await (const { report } of encodeRows({ settings, want: "facts" }, batches)) {
    proof.merge(report);
    rules = addTallies(rules, report.rules ?? []);
    line.draw(`${(done += report.rows)} rows`);
  }
  line.clear();
  return { ...proof.report(), rules };
}

/** The proof as a person reads it. */
export function proofText({ rows, tokens, supervised_tokens: supervised, findings }: ProofReport): string {
  const share = tokens === 0 ? 0 : (100 * supervised) / tokens;
  const head = `${rows} rows, ${tokens} tokens, ${supervised} supervised (${share.toFixed(1)} %)`;
  if (findings.length === 0) return `${head}\nNothing was found.`;
  const named = findings.map(({ class: name, count, rows: first }) => {
    const shown = first.slice(0, 8).join(", ");
    return [name, `${count} rows`, `${shown}${count > 8 ? ", …" : ""}`];
  });
  return `${head}\n${table(named)}`;
}
