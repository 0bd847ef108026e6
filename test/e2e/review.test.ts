import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchBrowser, openWindow } from "./support/browser.ts";
import { picture } from "./support/pictures.ts";
import { startWorkbench, type Workbench } from "./support/workbench.ts";

const conversation = (question: string, answer: string): string =>
  JSON.stringify({
    conversations: [
      { from: "human", value: question },
      { from: "gpt", value: answer },
    ],
  });
const GOOD = Array.from({ length: 30 }, (_, i) => conversation(`问题 ${i + 1}`, `答案 **${i + 1}**`));
const LINES = [...GOOD.slice(0, 10), '{"conversations": [{"from": "hum', ...GOOD.slice(10), '{"no": "conversation"}'];

describe("importing and reviewing conversations", () => {
  let workbench: Workbench;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let file: string;
  const errors: string[] = [];

  beforeAll(async () => {
    workbench = await startWorkbench();
    file = join(dirname(workbench.home), "对话 files", "my rows.jsonl");
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, LINES.join("\n"));
    browser = await launchBrowser();
    context = await openWindow(browser, errors);
    page = await context.newPage();
    await page.goto(workbench.url);
    await page.getByRole("navigation", { name: "Views" }).waitFor();
    await page.getByText("Welcome to Sift").waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await workbench?.dispose();
  });

  const list = () => page.getByRole("listbox", { name: "Conversations" });
  const chosen = () => list().locator('[aria-selected="true"]');
  const settled = () => page.waitForTimeout(350);

  test("a path that is typed while the picker's first listing loads is kept", async () => {
    const slow = await context.newPage();
    let release = (): void => undefined;
    await slow.routeWebSocket(/\/rpc/, (ours) => {
      const core = ours.connectToServer();
      const held: (string | Buffer)[] = [];
      let [holding, released] = [false, false];
      ours.onMessage((message) => {
        if (String(message).includes("/system/files/list") && !released) holding = true;
        core.send(message);
      });
      core.onMessage((message) => (holding ? held.push(message) : ours.send(message)));
      release = () => {
        [holding, released] = [false, true];
        for (const message of held.splice(0)) ours.send(message);
      };
    });
    await slow.goto(new URL("#/data/import", page.url()).href);
    const path = slow.getByRole("dialog").getByLabel("Path");
    await path.fill(dirname(file));
    await slow.waitForTimeout(300);
    release();
    await slow.getByRole("dialog").locator(".entries ul").waitFor({ state: "attached" });
    expect(await path.inputValue()).toBe(dirname(file));
    await path.press("Enter");
    await slow.getByRole("button", { name: /my rows\.jsonl/ }).waitFor();
    await slow.close();
  });

  test("the picker finds a file in a folder with spaces and 中文", async () => {
    await page.goto(new URL("#/data/import", page.url()).href);
    const dialog = page.getByRole("dialog");
    const row = dialog.getByRole("button", { name: /my rows\.jsonl/ });
    await dialog.getByLabel("Path").fill(dirname(file));
    await page.keyboard.press("Enter");
    await row.click();
    await dialog.getByRole("button", { name: "Choose", exact: true }).click();
    await page.getByLabel("Name").fill("first");
    await dialog.getByRole("button", { name: "Import" }).last().click();
    await page.getByText("first is imported").waitFor();
    await page.getByRole("link", { name: "first" }).click();
    await list().waitFor();
    expect(await page.getByRole("tab", { name: /Rows/ }).innerText()).toContain("30");
  });

  test("rows that cannot be read are listed with line and reason", async () => {
    const tab = page.getByRole("tab", { name: /Unreadable/ });
    expect(await tab.innerText()).toContain("2");
    await tab.click();
    const bad = page.getByRole("listbox", { name: "Rows that could not be read" });
    await bad.getByText("line 11").waitFor();
    await bad.getByText("line 32").waitFor();
    expect(await bad.innerText()).toContain('{"conversations": [{"from": "hum');
    await picture(page, "data-unreadable");
    await page.getByRole("tab", { name: /Rows/ }).click();
  });

  test("J, K, A, R, E and Z review without the mouse", async () => {
    await chosen().getByText("问题 1", { exact: true }).waitFor();
    await page.keyboard.press("j");
    await chosen().getByText("问题 2").waitFor();
    await page.keyboard.press("k");
    await chosen().getByText("问题 1", { exact: true }).waitFor();
    await page.keyboard.press("a");
    await chosen().getByText("问题 2").waitFor();
    await page.keyboard.press("r");
    await chosen().getByText("问题 3").waitFor();
    await page.getByRole("button", { name: /^Accepted 1$/ }).waitFor();
    await page.getByRole("button", { name: /^Rejected 1$/ }).waitFor();
    await page.keyboard.press("e");
    const editor = page.getByRole("textbox", { name: "Text of turn 2" });
    await editor.fill("新的答案");
    await page.keyboard.press("Control+Enter");
    await page.getByRole("article", { name: "Turn 2, Assistant" }).getByText("新的答案").waitFor();
    await picture(page, "data-rows");
    await page.locator("body").press("z");
    await page.getByRole("article", { name: "Turn 2, Assistant" }).getByText("答案 3").waitFor();
    await page.locator("body").press("z");
    await chosen().getByText("问题 2").waitFor();
    await page.getByRole("button", { name: /^Rejected 0$/ }).waitFor();
  });

  test("one turn can be rejected and keeps its mark", async () => {
    const turn = page.getByRole("article", { name: "Turn 2, Assistant" });
    await turn.getByRole("button", { name: /Reject this turn/ }).click();
    await turn.getByText("not trained").waitFor();
  });

  test("filter, search, row and a half-written edit survive a reload", async () => {
    await page.getByRole("searchbox", { name: "Search in conversations" }).fill("问题 2");
    await settled();
    await list().getByText("问题 25").click();
    await page.getByRole("article", { name: "Turn 2, Assistant" }).getByText("答案 25").waitFor();
    await page.getByRole("button", { name: "Edit this turn" }).last().click();
    await page.getByRole("textbox", { name: "Text of turn 2" }).fill("halb fertig");
    await page.reload();
    await list().waitFor();
    expect(await page.getByRole("searchbox").inputValue()).toBe("问题 2");
    const editor = page.getByRole("textbox", { name: "Text of turn 2" });
    await editor.waitFor();
    expect(await editor.inputValue()).toBe("halb fertig");
    await chosen().getByText("问题 25").waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
  });

  test("a core that goes away is announced; the address of the next one leads back to the same place", async () => {
    await workbench.stop();
    await page.getByText("The connection to the core was lost").waitFor();
    await workbench.start();
    // A new core has a new token: the printed address opens the page again, at the same place.
    await page.goto(workbench.url + page.url().slice(page.url().indexOf("#")));
    await chosen().getByText("问题 25").waitFor();
  });

  test("a dropped file is uploaded and imported", async () => {
    await page.goto(new URL("#/data", page.url()).href);
    const content = (await readFile(file)).toString("base64");
    // As text, because these names belong to the page and not to Node.
    const transfer = await page.evaluateHandle(`(() => {
      const bytes = Uint8Array.from(atob("${content}"), (character) => character.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([bytes], "dropped 文件.jsonl"));
      return data;
    })()`);
    const target = page.getByRole("heading", { name: "Data" });
    await target.dispatchEvent("dragenter", { dataTransfer: transfer });
    await target.dispatchEvent("drop", { dataTransfer: transfer });
    await page.getByLabel("Name").waitFor();
    expect(await page.getByLabel("Name").inputValue()).toBe("dropped 文件");
    await page.getByRole("dialog").getByRole("button", { name: "Import" }).last().click();
    await page.getByText("dropped 文件 is imported").waitFor();
  });

  test("the original file is untouched and the page threw nothing", async () => {
    expect(await readFile(file, "utf8")).toBe(LINES.join("\n"));
    expect(errors).toEqual([]);
  });
});
