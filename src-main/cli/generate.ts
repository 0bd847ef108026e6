import type { Command } from "commander";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { SiftError } from "#shared/errors.ts";
import { parseJson, parseRow } from "#shared/text/index.ts";
import type { Conversation, RowEncoder } from "#shared/text/index.ts";
import { action, decimal, EXIT, integer, newCommand, UsageError } from "./command.ts";
import type { CommonOptions } from "./command.ts";
import type { Output } from "./output.ts";
import { encodeSettings, existingFile, existingFolder, openCoder } from "./text-flags.ts";

interface GenerateFlags extends CommonOptions {
  readonly model: string;
  readonly adapter?: string;
  readonly prompt?: string;
  readonly messages?: string;
  readonly template?: string;
  readonly max_new_tokens: number;
  readonly temperature: number;
  readonly top_p: number;
  readonly seed: number;
}

/** `sift generate`: one answer of a model, streamed. Needs no data home. */
export function generateCommand(): Command {
  const command = newCommand("generate")
    .description("let a model (and an adapter) answer")
    .requiredOption("--model <dir>", "model folder")
    .option("--adapter <dir>", "adapter folder that a run made")
    .option("--prompt <text>", "what the user says")
    .option("--messages <file>", "JSON file with a list of messages, or an object with messages (and tools)")
    .option("--template <preset|file>", "chat template (default: the one saved with the adapter, else the model's own)")
    .option("--max_new_tokens <n>", "most tokens of the answer", integer(1), 256)
    .option("--temperature <t>", "0 takes the likeliest token each time", decimal(0, 100), 0)
    .option("--top_p <p>", "sample from the likeliest tokens of this share", decimal(0, 1), 1)
    .option("--seed <n>", "seed of the sampling", integer(0), 42);
  return action<GenerateFlags>(command, async ({ options, output }) => {
    if ((options.prompt === undefined) === (options.messages === undefined)) {
      throw new UsageError("give either --prompt TEXT or --messages FILE");
    }
    await generate(options, output);
    return EXIT.ok;
  });
}

interface Prompt {
  readonly ids: number[];
  readonly stopIds: number[];
  readonly encoder: RowEncoder;
}

async function generate(flags: GenerateFlags, output: Output): Promise<void> {
  const { ChatWorker } = await import("../core/chat/chat-worker.ts");
  const { TokenText } = await import("../core/chat/token-text.ts");
  const modelDir = existingFolder("model", flags.model);
  const adapterDir = flags.adapter === undefined ? null : existingFolder("adapter", flags.adapter);
  const prompt = await openPrompt(flags, modelDir, adapterDir);
  const worker = new ChatWorker({ modelDir, adapterDir }, { threads: availableParallelism(), now: Date.now() });
  const text = new TokenText(prompt.encoder.tokenizer);
  const say = (delta: string) => {
    if (!output.json) process.stdout.write(delta);
  };
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  try {
    const { ids, stopped, seconds } = await worker.generate(
      {
        promptIds: prompt.ids,
        stopIds: prompt.stopIds,
        maxNewTokens: flags.max_new_tokens,
        temperature: flags.temperature,
        topP: flags.top_p,
        seed: flags.seed,
      },
      { onToken: (id) => say(text.push(id)), signal: stop.signal },
    );
    say(text.end());
    if (!stopped) output.notice(`\n(the answer did not end by itself within ${ids.length} tokens)`);
    output.result({ text: text.text, ids, prompt_ids: prompt.ids, stopped, seconds }, () => "");
  } finally {
    worker.close();
  }
}

/** What the model is given: the conversation under the template that it was trained with, up to the answer. */
async function openPrompt(flags: GenerateFlags, modelDir: string, adapterDir: string | null): Promise<Prompt> {
  // A run saves tokenizer, template and stop tokens with the adapter; one from elsewhere may lack them.
  const serving = [adapterDir, modelDir].filter((folder) => folder !== null);
  const folder = serving.find((candidate) => existsSync(join(candidate, "tokenizer.json"))) ?? modelDir;
  const template = flags.template === undefined ? {} : { template: flags.template };
  const { encoder } = await openCoder(encodeSettings({ tokenizer: folder, ...template }));
  if (!encoder) {
    throw new SiftError("tokenizer-missing", "The model folder has no tokenizer.json.", { where: { file: folder } });
  }
  const { messages, tools } = conversationOf(flags);
  const { ids } =
    encoder.templateSource === "" ? plainPrompt(encoder, messages) : encoder.renderPrompt(messages, tools);
  const saved = serving.flatMap((candidate) => eosTokens(candidate));
  return { ids, encoder, stopIds: [...new Set([...encoder.stopIds, ...saved])] };
}

/** A model without a chat template goes on with the text as it is. */
function plainPrompt(encoder: RowEncoder, messages: Conversation["messages"]): { ids: number[] } {
  const [message] = messages;
  if (messages.length !== 1 || typeof message?.content !== "string") {
    throw new SiftError("template-missing", "The model has no chat template, so it can only go on with one text.", {
      remedy: "Use --prompt TEXT, or name a template with --template.",
    });
  }
  const { tokenizer } = encoder;
  const bos = tokenizer.files.addsBos ? tokenizer.tokenToId(tokenizer.files.specialTokens.bos_token ?? "") : undefined;
  return { ids: [...(bos === undefined ? [] : [bos]), ...tokenizer.encode(message.content).ids] };
}

function conversationOf({ prompt, messages: file }: GenerateFlags): Conversation {
  if (file === undefined) return { messages: [{ role: "user", content: prompt ?? "" }] };
  const parsed = parseJson(readFileSync(existingFile("messages", file), "utf8"));
  const row = parseRow(Array.isArray(parsed) ? { messages: parsed } : parsed);
  if (row.kind === "conversation") return row.conversation;
  throw new SiftError("messages-file", "The file holds no conversation.", { where: { file } });
}

const generationConfig = v.object({ eos_token_id: v.optional(v.union([v.number(), v.array(v.number())])) });

function eosTokens(folder: string): number[] {
  const file = join(folder, "generation_config.json");
  if (!existsSync(file)) return [];
  const parsed = v.safeParse(generationConfig, parseJson(readFileSync(file, "utf8")));
  return parsed.success ? [parsed.output.eos_token_id ?? []].flat() : [];
}
