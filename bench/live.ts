import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { createRowReader, parseRowText, Tokenizer, type Message } from "#shared/text/index.ts";
import { readFileSync } from "node:fs";
import { launchBrowser, openWindow } from "../test/e2e/support/browser.ts";
import { startWorkbench, type Workbench } from "../test/e2e/support/workbench.ts";
import { repositoryRoot, sharedPath } from "../test/shared.ts";

/**
 * From a keystroke in the template editor to new labels, in a real browser, for conversations of 2,000 and 32,000 tokens with
 * Qwen2.5's tokenizer. Three moments count from the key's own time stamp: the worker's labels are in the page, the page's tree
 * shows them, the frame is painted. Every key changes the text around every turn, so that each section is tokenised again.
 */

const TOKENIZER = join(repositoryRoot, "node_modules", "@lenml", "tokenizer-qwen2_5", "models");
const SIZES = [
  { tokens: 2000, keys: 60, wantedP95: 16 },
  { tokens: 32_000, keys: 25, wantedP95: 100 },
];
const TEMPLATE =
  "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{% endfor %}";

interface Sample {
  readonly labels: number;
  readonly shown: number;
  readonly painted: number;
}

/** Runs in the page before its own code: notes when keys, replies of the worker, changes of the tree and frames come. */
const PROBE = `(() => {
  const probe = (window.liveProbe = { key: 0, samples: [] });
  const RealWorker = window.Worker;
  window.Worker = class extends RealWorker {
    constructor(...args) {
      super(...args);
      this.addEventListener("message", ({ data }) => {
        if (!data.ok || probe.key === 0) return;
        const [key, labels] = [probe.key, performance.now() - probe.key];
        probe.key = 0;
        const channel = new MessageChannel();
        let shown = labels;
        const observer = new MutationObserver(() => (shown = performance.now() - key));
        observer.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
        requestAnimationFrame(() => {
          channel.port1.onmessage = () => {
            observer.disconnect();
            probe.samples.push({ labels, shown, painted: performance.now() - key });
          };
          channel.port2.postMessage(0);
        });
      });
    }
  };
  window.addEventListener("keydown", (event) => (probe.key = event.timeStamp), true);
})()`;

function conversation(tokens: number): { messages: Message[] } {
  const file =
    sharedPath("datasets", "belle_267.jsonl") ?? join(repositoryRoot, "resources/sample/conversations.jsonl");
  const reader = createRowReader();
  const lines = [...reader.push(readFileSync(file, "utf8")), ...reader.end()];
  const json = (name: string): unknown => JSON.parse(readFileSync(join(TOKENIZER, name), "utf8"));
  const tokenizer = new Tokenizer(json("tokenizer.json"), json("tokenizer_config.json"));
  const messages: Message[] = [];
  for (let count = 0, at = 0; count < tokens; at++) {
    const line = lines[at % lines.length];
    const row = line && "text" in line ? parseRowText(line.text) : undefined;
    if (row?.kind !== "conversation") continue;
    for (const { role, content } of row.conversation.messages) {
      const text = `${typeof content === "string" ? content : ""} ${at}`;
      messages.push({ role, content: text });
      count += tokenizer.encode(text).ids.length + 5;
    }
  }
  return { messages };
}

const quantile = (values: number[], share: number): number =>
  Math.round(
    (values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0) * 10,
  ) / 10;

async function samplesOf(page: Page, count: number): Promise<Sample[]> {
  const done = (): Promise<number> => page.evaluate("window.liveProbe.samples.length");
  await page.getByRole("textbox", { name: "Template text (Jinja)" }).click();
  await page.keyboard.press("Control+Home");
  for (let i = 0; i < TEMPLATE.indexOf("<|im_start|>") + "<|im_start|>".length; i++)
    await page.keyboard.press("ArrowRight");
  await page.waitForTimeout(1500);
  await page.evaluate("window.liveProbe.samples.length = 0");
  for (let i = 0; i < count; i++) {
    const before = await done();
    await page.keyboard.press("abcdefgh"[i % 8] ?? "a");
    // two keys whose labels come in one reply are one sample
    for (let waited = 0; (await done()) <= before && waited < 1000; waited += 20) await page.waitForTimeout(20);
    await page.waitForTimeout(120);
  }
  return page.evaluate("window.liveProbe.samples");
}

async function measure(browser: Browser, workbench: Workbench, { tokens, keys, wantedP95 }: (typeof SIZES)[number]) {
  const folder = dirname(workbench.home);
  const file = join(folder, `live-${tokens}.jsonl`);
  writeFileSync(file, JSON.stringify(conversation(tokens)));
  const sift = join(repositoryRoot, "resources/bin/sift.mjs");
  execFileSync(process.execPath, [
    sift,
    "import",
    file,
    "--name",
    `live ${tokens}`,
    "--home",
    workbench.home,
    "--json",
  ]);
  const context = await openWindow(browser, []);
  const page = await context.newPage();
  const workspace = { template: { kind: "text", source: TEMPLATE }, modelPath: join(folder, "model") };
  await page.addInitScript(`localStorage.setItem("sift.workspace", ${JSON.stringify(JSON.stringify(workspace))})`);
  await page.addInitScript(PROBE);
  await page.goto(`${workbench.url}#/template`);
  await page
    .getByText(/ of [\d,]+ tokens trained/)
    .first()
    .waitFor({ timeout: 60_000 });
  const welcome = page.getByRole("button", { name: "Got it" });
  if (await welcome.isVisible()) await welcome.click();
  const counted = await page
    .getByText(/ of [\d,]+ tokens trained/)
    .first()
    .innerText();
  const samples = await samplesOf(page, keys);
  const times = (moment: keyof Sample) => {
    const values = samples.map((sample) => sample[moment]);
    return { p50: quantile(values, 0.5), p95: quantile(values, 0.95) };
  };
  await context.close();
  console.log(
    JSON.stringify({
      bench: "live",
      tokens: Number(/of ([\d,]+)/.exec(counted)?.[1]?.replaceAll(",", "")),
      keys: samples.length,
      milliseconds: { labels: times("labels"), shown: times("shown"), painted: times("painted") },
      wanted_labels_p95_at_most: wantedP95,
    }),
  );
}

if (!existsSync(join(repositoryRoot, "out/renderer/index.html"))) {
  console.log(JSON.stringify({ bench: "live", skipped: "the page is not built: npm run build" }));
} else {
  const workbench = await startWorkbench();
  const browser = await launchBrowser();
  try {
    const model = join(dirname(workbench.home), "model");
    mkdirSync(model);
    for (const name of ["tokenizer.json", "tokenizer_config.json"]) cpSync(join(TOKENIZER, name), join(model, name));
    for (const size of SIZES) await measure(browser, workbench, size);
  } finally {
    await browser.close();
    await workbench.dispose();
  }
}
