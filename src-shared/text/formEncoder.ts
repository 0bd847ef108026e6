import { SiftError } from "#shared/errors.ts";
import type { ConversationEncoder, EncodeResult, EncoderOptions, RowNotice } from "./encoderTypes.ts";
import { type CompiledMask, compileMask, requireUsualEnd } from "./mask/options.ts";
import { contentSegments, decideSegments } from "./mask/segments.ts";
import { stripReasoning } from "./mask/strip.ts";
import type { TokenizedConversation } from "./mask/tokenized.ts";
import { factsOf, lossyNotice, specialNotices, strippedNotice, unwrittenNotice } from "./notices.ts";
import { originsOfSegments, originsOfTokens, type TextOrigin } from "./origins.ts";
import { formMask, trainsPart, type TemplateForm } from "./presets/form.ts";
import { formTwin } from "./presets/formTwin.ts";
import { SegmentEncoder, type SegmentedTokens, type SegmentOptions } from "./presets/segments.ts";
import { NO_PROMPT, OTHER_PROMPT, type RowTokens } from "./promptEnds.ts";
import { buildRow } from "./rowBuilder.ts";
import { ServedPrompts } from "./servedPrompts.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";
import type { Conversation, EncodedRow, MaskPolicy, Message } from "./types.ts";

/** Encodes conversations through a form: a template that is made of segments. */
export class FormEncoder implements ConversationEncoder {
  readonly mask: MaskPolicy;
  readonly endOfTurn: number | undefined;
  readonly generationPrompt: string;
  readonly templateSource: string;
  private readonly tokenizer: Tokenizer;
  private readonly segments: SegmentEncoder;
  private readonly segmentOptions: SegmentOptions;
  private readonly dropsSystem: boolean;
  private readonly compiled: CompiledMask;

  private readonly form: TemplateForm;

  /** @throws SiftError `form-tokens`. */
  constructor(options: EncoderOptions, form: TemplateForm) {
    const system = options.systemMessage ?? form.default_system;
    this.form = form;
    this.tokenizer = options.tokenizer;
    this.mask = options.mask ?? formMask(form);
    this.compiled = compileMask(this.mask, options.maskOptions);
    this.segments = new SegmentEncoder(options.tokenizer, form);
    this.endOfTurn = this.segments.endOfTurn;
    if (this.endOfTurn === undefined) requireUsualEnd(options.maskOptions);
    this.generationPrompt = this.segments.generationPrompt;
    this.templateSource = formTwin(form, system);
    const plainContent = options.rowOptions?.specialTokens === "plain";
    this.segmentOptions = { system, systemPolicy: options.systemPolicy ?? "keep", plainContent };
    this.dropsSystem = options.systemPolicy === "drop";
  }

  tokenize(given: Conversation, row: number): TokenizedConversation {
    const { conversation } = this.shaped(given);
    const segmented = this.segments.encode(conversation, this.segmentOptions);
    const { tokens, text, parts, messages } = segmented;
    const specialInContent = tokens.ids.flatMap((id, i) => {
      return (parts[i] === "text" || parts[i] === "reasoning") &&
        (messages[i] ?? -1) >= 0 &&
        this.tokenizer.isSpecial(id)
        ? [i]
        : [];
    });
    return {
      text,
      ids: new Int32Array(tokens.ids),
      starts: new Int32Array(tokens.starts),
      ends: new Int32Array(tokens.ends),
      turns: conversation.messages.map(({ role, weight = 1 }) => ({ role, weight })),
      segments: contentSegments(conversation, segmented),
      generations: [],
      frame: { parts, owners: Int16Array.from(messages) },
      notices: this.notices(given, { ...segmented, specialInContent, row }),
      facts: factsOf(conversation, tokens, { specialInContent }),
    };
  }

  label(conversation: TokenizedConversation): EncodeResult {
    const { text, notices, facts } = conversation;
    const decide = decideSegments(conversation, this.compiled, (role, part) => trainsPart(this.form, role, part));
    return { encoded: buildRow(conversation, text, decide), notices, facts };
  }

  private notices(
    given: Conversation,
    made: SegmentedTokens & { readonly specialInContent: readonly number[]; readonly row: number },
  ): RowNotice[] {
    const { tokens, specialInContent, droppedTurns, withoutReasoning, row } = made;
    const { conversation, stripped } = this.shaped(given);
    const notices: RowNotice[] = [...specialNotices(tokens.ids, specialInContent, { tokenizer: this.tokenizer, row })];
    if (droppedTurns > 0) {
      const role = conversation.messages[0]?.role ?? "";
      const message = `the first turn is not a user's (${role}) and was left out`;
      notices.push({ code: "dropped-first-turn", message, row });
    }
    if (tokens.lossy) notices.push(lossyNotice(row));
    if (stripped > 0) notices.push(strippedNotice(stripped, row));
    if (withoutReasoning > 0) notices.push(unwrittenNotice(withoutReasoning, this.form.reasoning !== undefined, row));
    return notices;
  }

  private shaped(given: Conversation): { conversation: Conversation; stripped: number } {
    const strips = this.compiled.options.reasoning === "strip";
    return shapedForForm(given, { dropsSystem: this.dropsSystem, strips });
  }

  promptEnds(given: Conversation, row: RowTokens): number[] {
    const { conversation } = this.shaped(given);
    const starts = this.segments.answerStarts(conversation, this.segmentOptions);
    // a part of a row lacks what stands before it
    const made = (row.starts[0] ?? 0) === 0 ? row : this.tokenize(given, 0);
    const served = new ServedPrompts(this.tokenizer, made);
    return conversation.messages.map(({ role }, message) => {
      const end = role === "assistant" ? starts.get(message) : undefined;
      if (end === undefined) return NO_PROMPT;
      return this.leadsTo(conversation.messages.slice(0, message), made.text.slice(0, end)) && served.same(end)
        ? end
        : OTHER_PROMPT;
    });
  }

  promptBefore(given: Conversation, message: number): ReturnType<ConversationEncoder["promptBefore"]> {
    const { messages } = this.shaped(given).conversation;
    return this.promptText(messages.slice(0, message)) === undefined
      ? undefined
      : this.prompt(messages.slice(0, message));
  }

  /** Where earlier reasoning is left out, the text before an answer may be another one once a further question follows. */
  private leadsTo(messages: readonly Message[], text: string): boolean {
    if (this.form.reasoning?.turns !== "last") return true;
    const prompt = this.promptText(messages);
    return prompt === undefined || prompt === text;
  }

  /** Undefined where the form refuses a conversation that ends there. */
  private promptText(messages: readonly Message[]): string | undefined {
    try {
      return this.segments.encode({ messages }, { ...this.segmentOptions, addGenerationPrompt: true }).text;
    } catch (error) {
      if (error instanceof SiftError) return undefined;
      throw error;
    }
  }

  origins(given: Conversation, encoded: EncodedRow): TextOrigin[] {
    if (!this.form.reasoning) return originsOfTokens(encoded);
    const { conversation } = this.shaped(given);
    return originsOfSegments(contentSegments(conversation, this.segments.encode(conversation, this.segmentOptions)));
  }

  get pad(): { readonly text: string; readonly id: number } | undefined {
    return this.segments.pad;
  }

  /** As the twin gives it to whoever serves the model: tokenized as one text. */
  prompt(messages: readonly Message[]): { ids: number[]; text: string } {
    const options = { ...this.segmentOptions, addGenerationPrompt: true };
    const { text } = this.segments.encode(this.shaped({ messages }).conversation, options);
    return { ids: this.tokenizer.encode(text).ids, text };
  }
}

/** A conversation as a form writes it: system turns dropped, and reasoning stripped, where that is asked for. */
export function shapedForForm(
  given: Conversation,
  { dropsSystem, strips }: { readonly dropsSystem: boolean; readonly strips: boolean },
): { conversation: Conversation; stripped: number } {
  const conversation = dropsSystem
    ? { ...given, messages: given.messages.filter((message) => message.role !== "system") }
    : given;
  return strips ? stripReasoning(conversation, { content: true, field: true }) : { conversation, stripped: 0 };
}
