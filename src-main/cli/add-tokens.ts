import { resolve } from "node:path";
import { action, EXIT, newCommand } from "./command.ts";
import type { CommonOptions } from "./command.ts";
import { existingFolder } from "./text-flags.ts";

interface TokenFlags extends CommonOptions {
  readonly model: string;
  readonly tokens: readonly string[];
  readonly output: string;
}

/** `sift add-tokens`: a copy of a model with more special tokens, their rows begun as the mean of the others. Needs no data home. */
export function addTokensCommand() {
  const command = newCommand("add-tokens")
    .description("copy a model and give it more special tokens, for a chat format that its tokenizer lacks")
    .requiredOption("--model <dir>", "model folder; it stays as it is")
    .requiredOption("--tokens <text...>", "special tokens to add, such as '<|im_start|>' '<|im_end|>'")
    .requiredOption("--output <dir>", "folder to write");
  return action<TokenFlags>(
    command,
    async ({ options, output }) => {
      const modelPath = existingFolder("model", options.model);
      const { addTokens } = await import("../core/models/extend.ts");
      const made = await addTokens({ modelPath, tokens: options.tokens, target: resolve(options.output) });
      output.result(made, () => {
        const list = made.tokens.map(({ content, id }) => `${content} (id ${id})`).join(", ");
        const where = made.resized ? `the embedding has ${made.rows} rows now` : "in spare rows of the embedding";
        return `${made.path}: ${list}; ${where}\nTrain their rows: finetuning_type: full, or modules_to_save: [embed_tokens, lm_head]`;
      });
      return EXIT.ok;
    },
    EXIT.usage,
  );
}
