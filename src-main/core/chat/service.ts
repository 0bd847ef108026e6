import { existsSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import type { ChatEvent, ChatPane } from "#shared/contract/models.ts";
import type { EncodeSettings } from "#shared/contract/text.ts";
import { SiftError, toErrorReport } from "#shared/errors.ts";
import type { Message, RowEncoder } from "#shared/text/index.ts";
import { parseJsonFile } from "../models/weights.ts";
import { loadTokenizer } from "../models/tokenizer.ts";
import type { Store } from "../store/index.ts";
import { Wake } from "../system/events.ts";
import { openCoder } from "../text/encoding.ts";
import { ChatSessions } from "./sessions.ts";
import { TokenText } from "./token-text.ts";

/** Longest answer that is asked for, whatever the request says. */
const MAX_NEW_TOKENS = 8192;

export interface ChatRequest {
  readonly panes: readonly ChatPane[];
  readonly messages: readonly Message[];
  readonly maxNewTokens: number;
  readonly temperature: number;
  readonly seed: number;
}

/** Talks to up to four models side by side, each with the template that it was trained with. */
export class ChatService {
  readonly #store: Store;
  readonly #sessions: ChatSessions;

  constructor(parts: { store: Store; clock: () => number }) {
    this.#store = parts.store;
    this.#sessions = new ChatSessions(parts.clock);
  }

  /** Frees the memory of models that nobody waits for. */
  makeRoom(): void {
    this.#sessions.closeIdle();
  }

  close(): void {
    this.#sessions.close();
  }

  /** Processes that hold a model. */
  workerPids(): number[] {
    return this.#sessions.pids();
  }

  /** Events of all panes as they come. Whoever stops reading stops the answers. */
  async *send(request: ChatRequest, signal?: AbortSignal): AsyncGenerator<ChatEvent> {
    const stop = new AbortController();
    const onAbort = (): void => stop.abort();
    signal?.addEventListener("abort", onAbort);
    const pending: ChatEvent[] = [];
    const wake = new Wake(stop.signal);
    const emit = (event: ChatEvent): void => {
      pending.push(event);
      wake.notify();
    };
    let open = request.panes.length;
    request.panes.forEach((pane, index) => {
      void this.#answer({ pane, index, request, signal: stop.signal }, emit).finally(() => {
        open -= 1;
        wake.notify();
      });
    });
    try {
      while (!wake.ended) {
        for (let event = pending.shift(); event; event = pending.shift()) yield event;
        if (open === 0 && pending.length === 0) return;
        await wake.wait(() => pending.length > 0 || open === 0);
      }
    } finally {
      stop.abort();
      signal?.removeEventListener("abort", onAbort);
      wake.dispose();
    }
  }

  async #answer(asked: Asked, emit: (event: ChatEvent) => void): Promise<void> {
    const { pane, index, request, signal } = asked;
    try {
      const encoder = this.#encoderOf(pane);
      const prompt = encoder.renderPrompt(request.messages);
      emit({ type: "prompt", pane: index, ids: prompt.ids, text: prompt.text });
      const text = new TokenText(encoder.tokenizer);
      const say = (delta: string): void => (delta === "" ? undefined : emit({ type: "text", pane: index, delta }));
      const worker = this.#sessions.worker({ modelDir: pane.modelPath, adapterDir: pane.adapterPath });
      const generated = await worker.generate(
        {
          promptIds: prompt.ids,
          stopIds: stopIdsOf(encoder, pane.modelPath),
          maxNewTokens: Math.min(MAX_NEW_TOKENS, Math.max(1, Math.floor(request.maxNewTokens))),
          temperature: Math.max(0, request.temperature),
          topP: 1,
          seed: request.seed,
        },
        { onToken: (id) => say(text.push(id)), signal },
      );
      say(text.end());
      const { ids, stopped, seconds } = generated;
      emit({ type: "done", pane: index, text: text.text, tokens: ids.length, stopped, seconds });
    } catch (error) {
      emit({ type: "failed", pane: index, error: toErrorReport(error) });
    }
  }

  /** The template of the pane's run, else the one that was chosen. */
  #encoderOf(pane: ChatPane): RowEncoder {
    const run = pane.runId === null ? undefined : this.#store.runs.get(pane.runId);
    const trained = run?.serving && run.encodeSettings;
    const settings: EncodeSettings = trained
      ? withoutLengths(trained)
      : { modelPath: pane.modelPath, template: pane.template };
    loadTokenizer(settings.modelPath); // says so where there is none
    const coder = openCoder(settings);
    if (coder.encoder && coder.hasTemplate) return coder.encoder;
    throw new SiftError("template-missing", "the model has no chat template of its own", {
      where: { file: pane.modelPath },
      remedy: "choose a template for this pane",
    });
  }
}

interface Asked {
  readonly pane: ChatPane;
  readonly index: number;
  readonly request: ChatRequest;
  readonly signal: AbortSignal;
}

const withoutLengths = ({ maxLength: _, overLength: __, ...settings }: EncodeSettings): EncodeSettings => settings;

const generationConfig = v.looseObject({ eos_token_id: v.nullish(v.union([v.number(), v.array(v.number())])) });

/** Ids that end an answer: those of the template, and what the model's own generation configuration names. */
function stopIdsOf(encoder: RowEncoder, modelPath: string): number[] {
  const file = join(modelPath, "generation_config.json");
  const parsed = existsSync(file) ? v.safeParse(generationConfig, parseJsonFile(file)) : undefined;
  const own = parsed?.success ? (parsed.output.eos_token_id ?? []) : [];
  return [...new Set([...encoder.stopIds, ...(typeof own === "number" ? [own] : own)])];
}
