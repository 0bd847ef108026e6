import type { Proof } from "#shared/contract/text.ts";
import { proofHtml } from "#shared/report/proofHtml.ts";
import { formatNumber, formatPercent } from "../../../i18n/format.ts";
import { i18n, t } from "../../../i18n/i18n.svelte.ts";
import { lossText } from "../../../components/tokens/loss-text.ts";
import type { SettingsFinding } from "#shared/contract/adapting.ts";
import type { ReportSettings } from "#shared/report/proofHtml.ts";
import { diffLines } from "#shared/text/departure.ts";
import { choiceName } from "../choice-name.ts";

/** The proof as a page of its own, in the language of the app. */
export function reportHtml(proof: Proof): string {
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
    findings: proof.findings.map((finding) => ({
      title: `${formatNumber(finding.count)} ${shared.findings[finding.class]?.title ?? finding.class}`,
      note: shared.findings[finding.class]?.note ?? "",
      badge: proof.blocking.includes(finding.class) ? words.blocking : finding.byChoice ? words.byChoice : "",
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
