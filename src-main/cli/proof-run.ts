import { rename, writeFile } from "node:fs/promises";
import type { SettingsFinding } from "#shared/contract/adapting.ts";
import type { EncodeSettings } from "#shared/contract/text.ts";
import { proofHtml } from "#shared/report/proofHtml.ts";
import { addTallies, examplesKept, FINDING_MEANINGS, lossInEnglish, ProofAccumulator } from "#shared/text/index.ts";
import { addCounts } from "../core/text/prove.ts";
import type { FindingExample, ProofReport, RuleTally } from "#shared/text/index.ts";
import type { ThreadRow } from "../core/data/thread-protocol.ts";
import { UsageError } from "./command.ts";
import { table } from "./output.ts";
import { ProgressLine } from "./progress.ts";
import { settingsJson, settingsSection } from "./settings-findings.ts";
import { encodeRows } from "./text-flags.ts";

/** What `sift prove` found: what it prints, and the places in the rows for a written report. */
export interface FileProof {
  readonly report: ProofReport;
  readonly examples: Readonly<Record<string, readonly FindingExample[]>>;
  readonly settingsFindings: readonly SettingsFinding[];
}

/** What `--json` prints: the findings about rows and, apart from them, those about the settings. */
export const printed = ({ report, settingsFindings: found }: FileProof) => ({ ...report, ...settingsJson(found) });

/** Proves rows with the code that trains them. */
export async function proveRows(
  batches: AsyncIterable<readonly ThreadRow[]>,
  settings: EncodeSettings,
): Promise<FileProof> {
  // threads did the judging, so that nothing of the settings is asked for here
  const proof = new ProofAccumulator({ tokenizer: undefined, mask: "assistant", stopIds: [], audit: true });
  let rules: readonly RuleTally[] = [];
  const examples: Record<string, readonly FindingExample[]> = {};
  const line = new ProgressLine();
  const chosen = new Map<string, number>();
  let done = 0;
  let settingsFindings: readonly SettingsFinding[] | undefined;
  for await (const result of encodeRows({ settings, want: "facts" }, batches)) {
    const { report } = result;
    proof.merge(report);
    settingsFindings ??= result.settingsFindings;
    addCounts(chosen, result.chosen);
    rules = addTallies(rules, report.rules ?? []);
    for (const [name, found] of Object.entries(result.examples)) {
      examples[name] = [...(examples[name] ?? []), ...found].slice(0, examplesKept(name));
    }
    line.draw(`${(done += report.rows)} rows`);
  }
  line.clear();
  return {
    report: { ...withChoices(proof.report(), chosen), rules },
    examples,
    settingsFindings: settingsFindings ?? [],
  };
}

/** Says of each class whether the settings ask for all of its rows. */
const withChoices = (report: ProofReport, chosen: ReadonlyMap<string, number>): ProofReport => ({
  ...report,
  findings: report.findings.map((finding) =>
    chosen.get(finding.class) === finding.count ? { ...finding, by_choice: true } : finding,
  ),
});

/** Writes the report where it is asked for: a page of its own, or JSON with the places in the rows. */
export async function writeReport(file: string, proof: FileProof, facts: ReportFacts): Promise<void> {
  const isPage = /\.html?$/i.test(file);
  if (!isPage && !/\.json$/i.test(file)) throw new UsageError("--report: expected a file that ends in .html or .json");
  const { examples } = proof;
  const text = isPage ? page(proof, facts) : `${JSON.stringify({ ...printed(proof), examples }, undefined, 2)}\n`;
  await writeFile(`${file}.part`, text);
  await rename(`${file}.part`, file);
}

type ReportFacts = readonly (readonly [string, string])[];

function page({ report, examples, settingsFindings: found }: FileProof, facts: ReportFacts): string {
  const share = report.tokens === 0 ? 0 : (100 * report.supervised_tokens) / report.tokens;
  return proofHtml({
    language: "en",
    title: "Proof",
    passed: "Nothing was found.",
    facts: [
      ...facts,
      ["Rows", String(report.rows)],
      ["Tokens", String(report.tokens)],
      ["Supervised tokens", `${report.supervised_tokens} (${share.toFixed(1)} %)`],
      ...(report.rules ?? []).map((tally): [string, string] => [tally.rule, tallyText(tally)]),
    ],
    settings: found.map(settingsSection),
    findings: report.findings.map(({ class: name, count, rows, by_choice: chosen }) => ({
      title: `${count} × ${name}`,
      note: FINDING_MEANINGS[name],
      badge: chosen === true ? "by choice" : "",
      rows: `Rows ${rows.join(", ")}${count > rows.length ? ", …" : ""}`,
      examples: (examples[name] ?? []).map(({ row, before, marked, after, instead, position, loss }) => ({
        label: `Row ${row}`,
        before,
        marked,
        after,
        note: loss ? lossInEnglish(loss) : undefined,
        instead:
          instead === undefined ? undefined : { label: position < 0 ? "Because" : "Serving would give", text: instead },
      })),
    })),
  });
}

const tallyText = ({ tokens, trained, rows }: RuleTally): string =>
  `${tokens} tokens${trained === tokens ? "" : `, ${trained} trained`}, in ${rows} rows`;

/** The proof as a person reads it. */
export function proofText({ rows, tokens, supervised_tokens: supervised, findings, rules = [] }: ProofReport): string {
  const share = tokens === 0 ? 0 : (100 * supervised) / tokens;
  const counts = `${rows} rows, ${tokens} tokens, ${supervised} supervised (${share.toFixed(1)} %)`;
  const said = rules.map((tally) => [tally.rule, tallyText(tally)]);
  const head = said.length === 0 ? counts : `${counts}\n${table(said)}\n`;
  if (findings.length === 0) return `${head}\nNothing was found.`;
  const named = findings.map(({ class: name, count, rows: first, by_choice: chosen }) => {
    const shown = first.slice(0, 8).join(", ");
    return [name, `${count} rows`, `${shown}${count > 8 ? ", …" : ""}${chosen === true ? " (by choice)" : ""}`];
  });
  return `${head}\n${table(named)}`;
}
