import { SiftError } from "#shared/errors.ts";
import { renderConversation, segmentsOf, type RenderContext } from "./render.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";
import type { Conversation, Message } from "./types.ts";

/** What a template puts around an assistant's turn, found by rendering short conversations. */
export interface TurnMarks {
  /** Text that asks for an answer; empty where the template has none. */
  readonly generationPrompt: string;
  /** Id of the token that ends a turn; undefined where the template writes none. */
  readonly endOfTurn: number | undefined;
}

const PROBES: readonly (readonly Message[])[] = [
  [{ role: "user", content: "a" }],
  [
    { role: "system", content: "s" },
    { role: "user", content: "a" },
  ],
];

/** @throws nothing: a template that refuses every probe has no marks. */
export function findTurnMarks(context: RenderContext, tokenizer: Tokenizer): TurnMarks {
  for (const messages of PROBES) {
    const generationPrompt = attempt(() => generationPromptOf({ messages }, context));
    const endOfTurn = attempt(() =>
      endOfTurnOf([...messages, { role: "assistant", content: "b" }], context, tokenizer),
    );
    if (generationPrompt !== undefined || endOfTurn !== undefined) {
      return { generationPrompt: generationPrompt ?? "", endOfTurn };
    }
  }
  return { generationPrompt: "", endOfTurn: undefined };
}

function attempt<Result>(run: () => Result): Result | undefined {
  try {
    return run();
  } catch (error) {
    // A template that does not end would be waited for again in each probe.
    if (error instanceof SiftError && error.code !== "template-limit") return undefined;
    throw error;
  }
}

/** What a render with the prompt has after the one without; back to where a piece of output ended if they part ways. */
function generationPromptOf(conversation: Conversation, context: RenderContext): string {
  const without = renderConversation(conversation, context).text.text;
  const rendered = renderConversation(conversation, context, { addGenerationPrompt: true });
  const text = rendered.text.text;
  if (text.startsWith(without)) return text.slice(without.length);
  let common = 0;
  while (common < text.length && text[common] === without[common]) common++;
  const boundary = rendered.boundaries.findLast((end) => end <= common) ?? 0;
  return text.slice(boundary);
}

/** The first special token after the answer; where none is special, the first added one. */
function endOfTurnOf(messages: readonly Message[], context: RenderContext, tokenizer: Tokenizer): number | undefined {
  const rendered = renderConversation({ messages }, context);
  const answer = messages.length - 1;
  const last = segmentsOf(rendered).findLast((segment) => segment.message === answer && !segment.isRole);
  if (!last) return undefined;
  const tokens = tokenizer.encode(rendered.text.text);
  const after = tokens.ids.filter((_, i) => (tokens.starts[i] ?? 0) >= last.end);
  return after.find((id) => tokenizer.isSpecial(id)) ?? after.find((id) => tokenizer.isAdded(id));
}
