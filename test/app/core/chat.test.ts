import { describe, expect, it } from "vitest";
import type { ChatEvent, ChatPane } from "#shared/contract/models.ts";
import { TokenText } from "#main/core/chat/token-text.ts";
import { loadTokenizer } from "#main/core/models/tokenizer.ts";
import { isProcessAlive } from "#main/core/system/lock.ts";
import { join } from "node:path";
import { repositoryRoot, sharedPath } from "../../shared.ts";
import { startCore, temporaryFolder } from "./helpers.ts";

const qwen = join(repositoryRoot, "node_modules", "@lenml", "tokenizer-qwen2_5", "models");
const stories = sharedPath("models", "stories260K-hf");

describe("text of tokens as they come", () => {
  const { tokenizer } = loadTokenizer(qwen);
  it.each(["你好，世界！𠮷野家 👩‍👩‍👧‍👦 done", "naïve — “quotes”\n\n  indented", "🏳️‍🌈🏳️‍🌈", "a"])("gives %j whole", (text) => {
    const { ids } = tokenizer.encode(text);
    const stream = new TokenText(tokenizer);
    const deltas = ids.map((id) => stream.push(id));
    expect(deltas.join("") + stream.end()).toBe(text);
    expect(stream.text).toBe(text);
    expect(deltas.some((delta) => delta.includes("\ufffd"))).toBe(false);
  });

  it("leaves special tokens out", () => {
    const stream = new TokenText(tokenizer);
    const { ids } = tokenizer.encode("hi<|im_end|>there");
    expect(ids.map((id) => stream.push(id)).join("")).toBe("hithere");
  });
});

const pane = (modelPath: string, source: string): ChatPane => ({
  modelPath,
  adapterPath: null,
  runId: null,
  template: { kind: "text", source },
});
const request = {
  messages: [{ role: "user", content: "Once upon a time, there was a little girl" }],
  maxNewTokens: 24,
  temperature: 0,
  seed: 1,
};

describe.skipIf(stories === undefined)("chat", () => {
  it("answers side by side, the same for the same prompt, and says what each was given", async () => {
    const { client } = await startCore();
    const template = "{{ bos_token }}{{ messages[-1]['content'] }}";
    const panes = [pane(stories ?? "", template), pane(stories ?? "", template), pane(temporaryFolder(), template)];
    const events: ChatEvent[] = [];
    for await (const event of await client.chat.send({ ...request, panes })) events.push(event);
    const of = (index: number) => events.filter((event) => event.pane === index);
    const textOf = (index: number) => of(index).flatMap((event) => (event.type === "text" ? [event.delta] : []));
    expect(of(0)[0]).toMatchObject({ type: "prompt" });
    expect(of(0).at(-1)).toMatchObject({ type: "done", text: textOf(0).join("") });
    expect(textOf(0).join("")).toMatch(/^[ \w,.'"!?\n]+$/);
    expect(textOf(1).join("")).toBe(textOf(0).join(""));
    expect(of(2)).toMatchObject([{ type: "failed", error: { code: "tokenizer-missing" } }]);
  });

  it("stops when nobody reads any more, and its process goes with core", async () => {
    const { client, core } = await startCore();
    const panes = [pane(stories ?? "", "{{ messages[-1]['content'] }}")];
    const stream = await client.chat.send({ ...request, maxNewTokens: 400, panes });
    let tokens = 0;
    for await (const event of stream) {
      if (event.type === "text") tokens += 1;
      if (tokens > 3) break;
    }
    const pids = core.services.chat.workerPids();
    expect(pids.every(isProcessAlive)).toBe(true);
    await core.close();
    await expect.poll(() => pids.some(isProcessAlive)).toBe(false);
  });
});
