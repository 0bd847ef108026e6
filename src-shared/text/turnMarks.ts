import { SiftError } from "#shared/errors.ts";
import { renderConversation, segmentsOf, type RenderContext } from "./render.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";
import type { Conversation, Message } from "./types.ts";

/** What a template puts around an assistant's turn, found by rendering short conversations. */
export interface TurnMarks {
  /** Text that asks for an answer; empty where the template has none. */
  readonly generationPrompt: string;
  /** What stands before an answer when it is asked for: the generation prompt, else what closes a user's turn. */
  readonly asking: string;
  /** What the template writes behind every answer, trimmed; empty where the answers of one conversation do not agree on it. */
  readonly endText: string;
  /** Id of the token that ends a turn; undefined where the template writes none. */
  readonly endOfTurn: number | undefined;
  /** Whether a token is one of the tokenizer's own marks. */
  readonly isMark: (id: number) => boolean;
}

const PROBES: readonly (readonly Message[])[] = [
  [{ role: "user", content: "a" }],
  [
    { role: "system", content: "s" },
    { role: "user", content: "a" },
  ],
];

/** A template that refuses every probe has no marks. @throws SiftError `template-limit` for one that does not end. */
export function findTurnMarks(context: RenderContext, tokenizer: Tokenizer): TurnMarks {
  return { ...findTexts(context, tokenizer), isMark: (id) => tokenizer.isSpecial(id) };
}

function findTexts(context: RenderContext, tokenizer: Tokenizer): Omit<TurnMarks, "isMark"> {
  for (const messages of PROBES) {
    const generationPrompt = attempt(() => generationPromptOf({ messages }, context));
    const ending = attempt(() => endingOf(messages, context, tokenizer));
    if (generationPrompt !== undefined || ending !== undefined) {
      const prompt = generationPrompt ?? "";
      const asking = prompt === "" ? (attempt(() => closingOf({ messages }, context)) ?? "") : prompt;
      return { generationPrompt: prompt, asking, endText: ending?.endText ?? "", endOfTurn: ending?.endOfTurn };
    }
  }
  return { generationPrompt: "", asking: "", endText: "", endOfTurn: undefined };
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

/** What a template without a generation prompt writes behind the user's turn that is to be answered. */
function closingOf(conversation: Conversation, context: RenderContext): string {
  const rendered = renderConversation(conversation, context, { addGenerationPrompt: true });
  const last = segmentsOf(rendered).findLast((segment) => segment.message >= 0 && !segment.isRole);
  return last ? rendered.text.text.slice(last.end) : "";
}

/** A special token in what stands behind every answer; where there is none, the first behind the last answer. */
function endingOf(
  messages: readonly Message[],
  context: RenderContext,
  tokenizer: Tokenizer,
): Pick<TurnMarks, "endText" | "endOfTurn"> {
  const answer: Message = { role: "assistant", content: "b" };
  const last = behindAnswer([...messages, answer], messages.length, context);
  const inner = attempt(() =>
    behindAnswer([...messages, answer, { role: "user", content: "c" }, answer], messages.length, context),
  );
  const endText = (inner === undefined ? last.text : commonPieces(last, inner.text)).trimEnd();
  return { endText, endOfTurn: endToken(endText, tokenizer) ?? endToken(last.text, tokenizer) };
}

interface Behind {
  readonly text: string;
  /** Offsets in the text where a piece of output ended. */
  readonly boundaries: readonly number[];
}

/** The text between an answer and whatever a message writes next. */
function behindAnswer(messages: readonly Message[], index: number, context: RenderContext): Behind {
  const rendered = renderConversation({ messages }, context);
  const segments = segmentsOf(rendered);
  const at = segments.findLastIndex((segment) => segment.message === index && !segment.isRole);
  const start = segments[at]?.end;
  if (start === undefined) return { text: "", boundaries: [] };
  const end = segments.slice(at + 1).find((segment) => segment.message >= 0)?.start;
  const boundaries = rendered.boundaries.map((offset) => offset - start).filter((offset) => offset > 0);
  return { text: rendered.text.text.slice(start, end), boundaries };
}

/** The common beginning, back to where a piece of output ended unless one text is all of it. */
function commonPieces(last: Behind, inner: string): string {
  let common = 0;
  while (common < last.text.length && last.text[common] === inner[common]) common++;
  if (common === last.text.length) return last.text;
  return last.text.slice(0, last.boundaries.findLast((offset) => offset <= common) ?? 0);
}

function endToken(text: string, tokenizer: Tokenizer): number | undefined {
  const { ids } = tokenizer.encode(text);
  return ids.find((id) => tokenizer.isSpecial(id)) ?? ids.find((id) => tokenizer.isAdded(id));
}
