import type { DiffPart } from "../text/departure.ts";

/** A proof as a page of its own: no script, no style from elsewhere, everything that came from data escaped. */

export interface ReportExample {
  readonly label: string;
  readonly before: string;
  readonly marked: string;
  readonly after: string;
  readonly note?: string | undefined;
  readonly instead?: { readonly label: string; readonly text: string } | undefined;
}
export interface ReportFinding {
  readonly title: string;
  readonly note: string;
  /** Of whether it stops a run, say; empty for none. */
  readonly badge: string;
  readonly rows: string;
  readonly examples: readonly ReportExample[];
}
/** How the settings depart from what the model knows: what differs, and a text under both, line by line. */
export interface ReportSettings {
  readonly title: string;
  readonly note: string;
  readonly changes: readonly { readonly what: string; readonly before: string; readonly after: string }[];
  /** What the two sides of the diff are called. */
  readonly heads: readonly [string, string];
  readonly diff: readonly DiffPart[];
}
/** How the rows lie in packs. */
export interface ReportPacking {
  readonly title: string;
  readonly facts: readonly (readonly [string, string])[];
  /** What the bars are, and each with its name; heights are shares of the highest. */
  readonly caption: string;
  readonly bars: readonly { readonly name: string; readonly count: number }[];
}
export interface ReportContent {
  readonly language: string;
  readonly title: string;
  /** What was proven under which settings: name and value. */
  readonly facts: readonly (readonly [string, string])[];
  readonly findings: readonly ReportFinding[];
  readonly settings?: readonly ReportSettings[];
  readonly packing?: ReportPacking | undefined;
  /** Said where there are no findings. */
  readonly passed: string;
}

const STYLE = `body{font:15px/1.55 system-ui,sans-serif;max-width:52rem;margin:2.5rem auto;padding:0 1.25rem;color:#1c2128;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.05rem;margin:0}dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1.25rem}
dt{color:#57606a}dd{margin:0;overflow-wrap:anywhere}section{border:1px solid #d0d7de;border-radius:8px;padding:1rem;margin:1rem 0;break-inside:avoid}
.note{color:#57606a;margin:.25rem 0 .75rem}.badge{font-size:.8rem;border:1px solid #cf222e;color:#cf222e;border-radius:1rem;padding:0 .5rem;margin-left:.5rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f6f8fa;border-radius:6px;padding:.6rem;margin:.25rem 0 .75rem;font:13px/1.5 ui-monospace,monospace}
del{background:#ffebe9;text-decoration:line-through}ins{background:#dafbe1;text-decoration:underline}
table{border-spacing:.5rem .1rem}caption,table th{font-weight:400;color:#57606a;text-align:left}td:last-child{text-align:right}meter{width:16rem}
mark{background:#ffd8b5;border-bottom:2px solid #bc4c00}
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}section{border-color:#30363d}pre{background:#161b22}dt,.note{color:#9198a1}del{background:#5c1a1b}ins{background:#0f3d20}mark{background:#5a3200;color:#fff}}`;

/** @returns a whole HTML document */
export function proofHtml(content: ReportContent): string {
  const facts = factsHtml(content.facts);
  const findings = content.findings.map(section).join("\n");
  return `<!doctype html>
<html lang="${escape(content.language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escape(content.title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escape(content.title)}</h1>
<dl>
${facts}
</dl>
${content.findings.length > 0 ? findings : `<p><strong>${escape(content.passed)}</strong></p>`}
${(content.settings ?? []).map(settingsHtml).join("\n")}
${content.packing ? packingHtml(content.packing) : ""}
</body>
</html>
`;
}

const factsHtml = (facts: ReportContent["facts"]): string =>
  facts.map(([name, value]) => `<dt>${escape(name)}</dt><dd>${escape(value)}</dd>`).join("\n");

function packingHtml({ title, facts, caption, bars }: ReportPacking): string {
  const highest = Math.max(1, ...bars.map(({ count }) => count));
  const rows = bars.map(
    ({ name, count }) =>
      `<tr><th scope="row">${escape(name)}</th><td><meter max="${highest}" value="${count}"></meter></td><td>${count}</td></tr>`,
  );
  return `<section>
<h2>${escape(title)}</h2>
<dl>
${factsHtml(facts)}
</dl>
<table><caption>${escape(caption)}</caption>
${rows.join("\n")}
</table>
</section>`;
}

function section({ title, note, badge, rows, examples }: ReportFinding): string {
  const mark = badge === "" ? "" : `<span class="badge">${escape(badge)}</span>`;
  return `<section>
<h2>${escape(title)}${mark}</h2>
<p class="note">${escape(note)}</p>
${examples.map(exampleHtml).join("\n")}
<p class="note">${escape(rows)}</p>
</section>`;
}

function settingsHtml({ title, note, changes, heads, diff }: ReportSettings): string {
  const named = changes.map(({ what, before, after }) => {
    return `<dt>${escape(what)}</dt><dd><code>${visible(before)}</code> → <code>${visible(after)}</code></dd>`;
  });
  const [own, chosen] = heads.map(escape);
  const text = diff.map(({ kind, text: part }) => {
    const tag = { same: "", own: "del", chosen: "ins" }[kind];
    return tag === "" ? escape(part) : `<${tag}>${escape(part)}</${tag}>`;
  });
  const legend = `<p class="note"><del>${own}</del> <ins>${chosen}</ins></p>`;
  return `<section>
<h2>${escape(title)}</h2>
<p class="note">${escape(note)}</p>
<dl>
${named.join("\n")}
</dl>
${diff.length === 0 ? "" : `${legend}\n<pre>${text.join("")}</pre>`}
</section>`;
}

const visible = (text: string): string => (text === "" ? "–" : escape(text.replaceAll("\n", "\\n")));

function exampleHtml({ label, before, marked, after, note, instead }: ReportExample): string {
  const text = before + marked + after;
  const shown = text === "" ? "" : `<pre>${escape(before)}<mark>${escape(marked)}</mark>${escape(after)}</pre>`;
  const other = instead ? `<div>${escape(instead.label)}</div><pre>${escape(instead.text)}</pre>` : "";
  const said = note === undefined ? "" : `<p class="note">${escape(note)}</p>`;
  return `<div>${escape(label)}</div>${shown}${said}${other}`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
