import type { Proof } from "#shared/contract/text.ts";
import { proofHtml } from "#shared/report/proofHtml.ts";
import { formatNumber, formatPercent } from "../../../i18n/format.ts";
import { i18n, t } from "../../../i18n/i18n.svelte.ts";
import { lossText } from "../../../components/tokens/loss-text.ts";
import type { SettingsFinding } from "#shared/contract/adapting.ts";
import type { Waiver } from "#shared/contract/waivers.ts";
import type { PackingSummary, PackLosses } from "#shared/contract/packing.ts";
import type { ReportPacking, ReportSettings } from "#shared/report/proofHtml.ts";
import { core } from "../../../client.ts";
import { reportOf } from "../../../state/errors.ts";
import { packCheck, packingRequest } from "./pack-check.svelte.ts";
import { diffLines } from "#shared/text/departure.ts";
import { choiceName } from "../choice-name.ts";

/** The proof as a page of its own, in the language of the app. */
export function reportHtml(proof: Proof, { packing, waivers }: BesideProof): string {
  const words = t().proof;
  const { shared } = t();
  const { template, mask } = proof.settings;
  const share = formatPercent(proof.supervisedTokens / Math.max(1, proof.tokens), 1);
  return proofHtml({
    language: i18n.tag,
    title: words.title,
    passed: words.passed,
    facts: [
      [words.facts.rows, formatNumber(proof.rows)],
      [words.facts.tokens, formatNumber(proof.tokens)],
      [words.facts.supervised, `${formatNumber(proof.supervisedTokens)} (${share})`],
      [words.facts.longest, formatNumber(proof.longestRow)],
      [shared.model.label, proof.settings.modelPath],
      [words.setting.template, choiceName(template, { own: words.values.own, text: "Jinja" })],
      [words.setting.mask, mask ?? words.values.standard],
    ],
    settings: proof.settingsFindings.map(settingsSection),
    packing: packingSection(packing),
    findings: proof.findings.map((finding) => ({
      title: `${formatNumber(finding.count)} ${shared.findings[finding.class]?.title ?? finding.class}`,
      note: shared.findings[finding.class]?.note ?? "",
      badge: badgeOf(proof, finding, waivers),
      rows:
        finding.rows.map((row) => formatNumber(row + 1)).join(", ") +
        (finding.count > finding.rows.length ? ", …" : ""),
      examples: finding.examples.map(({ row, before, marked, after, instead, position, loss }) => ({
        label: words.example(formatNumber(row + 1)),
        before,
        marked,
        after,
        note: loss ? lossText(loss, t().tokens.loss) : undefined,
        instead:
          instead === undefined ? undefined : { label: position < 0 ? words.because : words.instead, text: instead },
      })),
    })),
  });
}

/** How a proof's rows lie in packs; losses where they were compared. */
interface ProofPacking {
  readonly summary: PackingSummary | null;
  readonly losses: PackLosses | null;
}

/** @throws SiftError of core; a proof whose lengths are not kept any more has no packs */
async function packingOf(proof: Proof): Promise<ProofPacking> {
  const losses = packCheck.of(proof) ?? null;
  try {
    const summary = await core.packing.summary({ proofId: proof.id, maxLength: packingRequest(proof).maxLength });
    return { summary, losses };
  } catch (error) {
    if (reportOf(error).code !== "packs-unknown") throw error;
    return { summary: null, losses };
  }
}

/** What a report holds besides the proof. */
export interface BesideProof {
  readonly packing: ProofPacking;
  readonly waivers: readonly Waiver[];
}

/** @throws SiftError of core */
export async function besideProof(proof: Proof, waivers: readonly Waiver[]): Promise<BesideProof> {
  return { packing: await packingOf(proof), waivers };
}

/** The same as JSON. */
export function reportJson(proof: Proof, { packing: { summary, losses }, waivers }: BesideProof): string {
  const report = { ...proof, waivers, packing: summary && { ...summary, losses } };
  return `${JSON.stringify(report, undefined, 2)}\n`;
}

function badgeOf(proof: Proof, finding: Proof["findings"][number], waivers: readonly Waiver[]): string {
  const waiver = waivers.find((each) => each.class === finding.class && each.voidBecause === null);
  if (waiver) return `${t().waivers.holds(waiver.count)}: ${waiver.reason}`;
  if (proof.blocking.includes(finding.class)) return t().proof.blocking;
  return finding.byChoice === true ? t().proof.byChoice : "";
}

function packingSection({ summary, losses }: ProofPacking): ReportPacking | undefined {
  if (!summary) return undefined;
  const words = t().proof.packs;
  const { facts } = words;
  const share = (bar: number): number => Math.round((100 * bar) / summary.fill.length);
  const compared = losses?.equal
    ? words.equal(losses.packed.toFixed(4), formatNumber(losses.rows))
    : losses && words.differs(losses.packed.toFixed(4), losses.separate.toFixed(4));
  return {
    title: words.title,
    facts: [
      [t().proof.setting.max_length, formatNumber(summary.maxLength)],
      [facts.packs, formatNumber(summary.packs)],
      [facts.fill, formatPercent(summary.tokens / Math.max(1, summary.packs * summary.maxLength), 1)],
      [facts.cut, formatNumber(summary.rowsCut)],
      [facts.out, formatNumber(summary.rowsLeftOut)],
      [words.check, compared ?? words.notChecked],
    ],
    caption: words.histogram,
    bars: summary.fill.map((count, bar) => ({ name: `${share(bar)}–${share(bar + 1)} %`, count })),
  };
}

function settingsSection({ changes, own, chosen }: SettingsFinding): ReportSettings {
  const words = t().adapting;
  const { title, own: ownHead, chosen: chosenHead } = t().template.departure;
  return {
    title,
    note: changes.length === 0 ? words.notComparable : words.why,
    changes: changes.map(({ what, own: before, chosen: after }) => ({ what: words.changes[what], before, after })),
    heads: [ownHead, chosenHead],
    diff: changes.length === 0 ? [] : diffLines(own, chosen),
  };
}
