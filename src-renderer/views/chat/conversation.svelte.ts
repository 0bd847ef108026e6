import * as v from "valibot";
import type { ChatEvent } from "#shared/contract/models.ts";
import { errorReport } from "#shared/contract/common.ts";
import { core } from "../../client.ts";
import { isAbort, reportOf } from "../../state/errors.ts";
import { paneSetup, type PaneSetup } from "./panes.ts";

export const answer = v.object({
  state: v.picklist(["waiting", "answering", "done", "cancelled", "failed"]),
  text: v.string(),
  tokens: v.number(),
  seconds: v.number(),
  /** It produced its end-of-turn token by itself. */
  stopped: v.boolean(),
  promptIds: v.array(v.number()),
  promptText: v.string(),
  error: v.optional(errorReport),
});
export type Answer = v.InferOutput<typeof answer>;
export const turn = v.object({ question: v.string(), answer });
export type Turn = v.InferOutput<typeof turn>;
export const storedPane = v.object({ setup: paneSetup, turns: v.array(turn) });
export type StoredPane = v.InferOutput<typeof storedPane>;

export interface SendOptions {
  readonly system: string;
  readonly maxNewTokens: number;
  readonly temperature: number;
  readonly seed: number;
}

const waiting = (): Answer => ({
  state: "waiting",
  text: "",
  tokens: 0,
  seconds: 0,
  stopped: false,
  promptIds: [],
  promptText: "",
});

/** One pane: what it talks to and what was said. Its turns go on from its own answers, not from another pane's. */
export class PaneConversation {
  /** Tells panes apart in lists. */
  readonly id = crypto.randomUUID();
  #setup = $state.raw<PaneSetup>({ modelPath: "", adapterPath: null, runId: null, template: { kind: "own" } });
  #turns = $state<Turn[]>([]);
  #abort: AbortController | undefined;

  constructor({ setup, turns }: StoredPane) {
    this.#setup = setup;
    // What a reload has cut off is not going on.
    this.#turns = turns.map(({ question, answer: was }) => ({
      question,
      answer: was.state === "waiting" || was.state === "answering" ? { ...was, state: "cancelled" } : was,
    }));
  }

  get setup(): PaneSetup {
    return this.#setup;
  }
  get turns(): readonly Turn[] {
    return this.#turns;
  }
  get busy(): boolean {
    const state = this.#turns.at(-1)?.answer.state;
    return state === "waiting" || state === "answering";
  }

  /** Another model starts a conversation of its own. */
  change(setup: PaneSetup): void {
    this.clear();
    this.#setup = setup;
  }

  clear(): void {
    this.stop();
    this.#turns = [];
  }

  stop(): void {
    this.#abort?.abort();
    this.#abort = undefined;
  }

  snapshot(): StoredPane {
    return { setup: this.#setup, turns: $state.snapshot(this.#turns) };
  }

  /** Ends when the answer has; its errors are shown in the pane. */
  async send(question: string, options: SendOptions): Promise<void> {
    const messages = this.#messages(options.system, question);
    const abort = new AbortController();
    this.#abort = abort;
    this.#turns.push({ question, answer: waiting() });
    const last = this.#turns.at(-1)?.answer;
    if (!last) return;
    const { maxNewTokens, temperature, seed } = options;
    try {
      const input = { panes: [this.#setup], messages, maxNewTokens, temperature, seed };
      for await (const event of await core.chat.send(input, { signal: abort.signal })) take(last, event);
      if (last.state === "answering" || last.state === "waiting") last.state = "cancelled";
    } catch (error) {
      if (abort.signal.aborted || isAbort(error)) last.state = "cancelled";
      else Object.assign(last, { state: "failed", error: reportOf(error) });
    } finally {
      if (this.#abort === abort) this.#abort = undefined;
    }
  }

  /** Questions and answers so far; a failed answer is left out together with its question. */
  #messages(system: string, question: string): { role: string; content: string }[] {
    const said = this.#turns
      .filter(({ answer: given }) => given.state !== "failed")
      .flatMap((each) => [
        { role: "user", content: each.question },
        { role: "assistant", content: each.answer.text },
      ]);
    const first = system.trim() === "" ? [] : [{ role: "system", content: system.trim() }];
    return [...first, ...said, { role: "user", content: question }];
  }
}

function take(into: Answer, event: ChatEvent): void {
  switch (event.type) {
    case "prompt":
      into.promptIds = event.ids;
      into.promptText = event.text;
      into.state = "answering";
      return;
    case "text":
      into.text += event.delta;
      into.state = "answering";
      return;
    case "done":
      into.text = event.text;
      into.tokens = event.tokens;
      into.seconds = event.seconds;
      into.stopped = event.stopped;
      into.state = "done";
      return;
    case "failed":
      into.error = event.error;
      into.state = "failed";
  }
}
