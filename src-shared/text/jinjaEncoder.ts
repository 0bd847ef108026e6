import { SiftError } from "#shared/errors.ts";
import type { ConversationEncoder, EncodeResult, EncoderOptions, RowNotice } from "./encoderTypes.ts";
import { type CallInput, callEndsOf } from "./callEnds.ts";
import { type CompiledMask, compileMask, requireUsualEnd } from "./mask/options.ts";
import { type StripOptions, stripReasoning } from "./mask/strip.ts";
import type { TokenColumns, TokenizedConversation } from "./mask/tokenized.ts";
import { ChatTemplate } from "./jinja/template.ts";
import { decideTokens } from "./masks.ts";
import {
  type RenderContext,
  renderConversation,
  type RenderedConversation,
  type Segment,
  segmentsOf,
} from "./render.ts";
import { originsOf, type TextOrigin } from "./origins.ts";
import { NO_PROMPT, OTHER_PROMPT, PromptMatcher, type RowTokens } from "./promptEnds.ts";
import { lossesOf, lossNotice } from "./losses.ts";
import { buildRow } from "./rowBuilder.ts";
import { factsOf, lossyNotice, specialNotices, strippedNotice } from "./notices.ts";
import { findTurnMarks, type TurnMarks } from "./turnMarks.ts";
import type { Tokenizer, TokenizedText } from "./tokenizer/tokenizer.ts";
import { type Conversation, type MaskPolicy, type Message } from "./types.ts";

/** Roles that a template may leave out on purpose (a model without tools, say); any other must be rendered. */
const COMMON_ROLES: ReadonlySet<string> = new Set(["system", "developer", "user", "assistant", "tool"]);

/** Encodes conversations through a Jinja chat template. */
export class JinjaEncoder implements ConversationEncoder {
  readonly mask: MaskPolicy;
  readonly templateSource: string;
  private readonly tokenizer: Tokenizer;
  private readonly context: RenderContext;
  private readonly options: EncoderOptions;
  private readonly marks: TurnMarks;
  private readonly prompts: PromptMatcher;
  private readonly compiled: CompiledMask;
  /** What has to be taken out of earlier turns because the template does not; undefined unless asked for. */
  private readonly strips: StripOptions | undefined;

  /** @throws SiftError `template-syntax`, `template-unsupported` or `mask-structural`. */
  constructor(options: EncoderOptions, source: string) {
    this.options = options;
    this.tokenizer = options.tokenizer;
    this.templateSource = source;
    this.mask = options.mask ?? "assistant";
    if (this.mask === "structural") {
      throw new SiftError(
        "mask-structural",
        "the mask 'structural' needs a template that is made of segments, such as chatml-human",
        {
          remedy: "choose the mask assistant, last_assistant or all",
        },
      );
    }
    const { variables, limits, now } = options;
    this.context = {
      template: new ChatTemplate(source),
      specialTokens: this.tokenizer.files.specialTokens,
      ...(variables ? { variables } : {}),
      ...(limits ? { limits } : {}),
      ...(now ? { now } : {}),
    };
    this.marks = findTurnMarks(this.context, this.tokenizer);
    this.prompts = new PromptMatcher(this.tokenizer, options.rowOptions?.specialTokens === "plain");
    this.compiled = compileMask(this.mask, options.maskOptions);
    if (this.marks.endOfTurn === undefined) requireUsualEnd(options.maskOptions);
    this.strips = options.maskOptions?.reasoning === "strip" ? keptReasoning(this.context) : undefined;
  }

  get endOfTurn(): number | undefined {
    return this.marks.endOfTurn;
  }

  get generationPrompt(): string {
    return this.marks.generationPrompt;
  }

  tokenize(given: Conversation, row: number): TokenizedConversation {
    const { conversation, stripped } = this.shaped(given);
    const rendered = renderConversation(conversation, this.context);
    const unheard = unrenderedTurn(conversation, rendered);
    if (unheard !== undefined) throw unknownRole(conversation, unheard);
    const text = rendered.text.text;
    const segments = segmentsOf(rendered);
    const tokens = this.tokens(conversation, text, segments);
    const specialInContent = this.specialInContent(segments, tokens);
    const losses = lossesOf(conversation, segments);
    const lost = lossNotice(losses, conversation, row);
    const notices: RowNotice[] = [...specialNotices(tokens.ids, specialInContent, { tokenizer: this.tokenizer, row })];
    if (tokens.lossy) notices.push(lossyNotice(row));
    if (stripped > 0) notices.push(strippedNotice(stripped, row));
    if (lost) notices.push(lost);
    const columns = columnsOf(tokens);
    const callEnds = this.callEnds(conversation, { segments, text, tokens: columns });
    return {
      text,
      ...columns,
      ...(callEnds.length > 0 ? { callEnds } : {}),
      turns: conversation.messages.map(({ role, weight = 1 }) => ({ role, weight })),
      segments,
      generations: rendered.generations,
      notices,
      facts: factsOf(conversation, tokens, { specialInContent, losses }),
    };
  }

  /** Tags say themselves where a call ends. */
  private callEnds(
    conversation: Conversation,
    rendered: Pick<CallInput, "segments" | "text" | "tokens">,
  ): [number, number][] {
    if (this.context.template.hasGenerationTags) return [];
    return callEndsOf({
      ...rendered,
      messages: conversation.messages,
      endOfTurn: this.marks.endOfTurn,
      textUpTo: (message) => this.rendered(upTo(conversation, message + 1), false),
    });
  }

  /** Where every answer is a row of its own, a token ends where the prompt does: serving tokenizes it without the answer. */
  private tokens(conversation: Conversation, text: string, segments: readonly Segment[]): TokenizedText {
    const isText = this.plainContent(segments);
    const whole = this.tokenizer.encode(text, isText);
    if (this.options.rowOptions?.splitTurns !== true) return whole;
    const answer = conversation.messages.findLastIndex(({ role }) => role === "assistant");
    const prompt = answer < 0 ? undefined : this.renderedPrompt(conversation, answer);
    if (prompt === undefined || !text.startsWith(prompt)) return whole;
    if (this.prompts.begins({ ...columnsOf(whole), text }, prompt)) return whole;
    const cut = this.tokenizer.encode(text, isText, prompt.length);
    // some tokenizers put a space before every text
    return this.tokenizer.decode(cut.ids) === this.tokenizer.decode(whole.ids) ? cut : whole;
  }

  label(conversation: TokenizedConversation): EncodeResult {
    const decide = decideTokens({
      conversation,
      mask: this.compiled,
      hasGenerationTags: this.context.template.hasGenerationTags,
      marks: this.marks,
      trimsOffsets: this.tokenizer.trimsOffsets,
    });
    const { text, notices, facts } = conversation;
    return { encoded: buildRow(conversation, text, decide), notices, facts };
  }

  /** The conversation as it is rendered: system turns by policy, reasoning as it is served. */
  private shaped(given: Conversation): { conversation: Conversation; stripped: number } {
    const conversation = this.withSystem(given);
    return this.strips ? stripReasoning(conversation, this.strips) : { conversation, stripped: 0 };
  }

  /** Where special tokens are only text: in what messages wrote, if that is asked for. */
  private plainContent(segments: readonly Segment[]): ((offset: number) => boolean) | undefined {
    if (this.options.rowOptions?.specialTokens !== "plain") return undefined;
    const content = segments.filter((segment) => segment.message >= 0 && !segment.isRole);
    return (offset) => content.some(({ start, end }) => offset >= start && offset < end);
  }

  /** Positions of special tokens whose text a message brought. */
  private specialInContent(segments: readonly Segment[], tokens: TokenizedText): number[] {
    if (!tokens.ids.some((id) => this.tokenizer.isSpecial(id))) return [];
    const authored = segments.filter((segment) => segment.message >= 0 && !segment.isRole);
    let at = 0;
    return tokens.ids.flatMap((id, i) => {
      if (!this.tokenizer.isSpecial(id)) return [];
      const start = tokens.starts[i] ?? 0;
      while (at < authored.length && (authored[at]?.end ?? 0) <= start) at++;
      const segment = authored[at];
      return segment && segment.start <= start ? [i] : [];
    });
  }

  /** System turns by policy: dropped, or a default one put before a conversation that has none. */
  private withSystem(conversation: Conversation): Conversation {
    const { systemMessage, systemPolicy } = this.options;
    const kept =
      systemPolicy === "drop" ? conversation.messages.filter((m) => m.role !== "system") : conversation.messages;
    const lacksSystem = systemMessage !== undefined && !kept.some((message) => message.role === "system");
    const messages: readonly Message[] = lacksSystem ? [{ role: "system", content: systemMessage }, ...kept] : kept;
    return messages === conversation.messages ? conversation : { ...conversation, messages };
  }

  origins(given: Conversation): TextOrigin[] {
    return originsOf(this.shaped(given).conversation, this.context);
  }

  promptEnds(given: Conversation, row: RowTokens): number[] {
    const { conversation } = this.shaped(given);
    return conversation.messages.map(({ role }, message) => {
      if (role !== "assistant") return NO_PROMPT;
      const prompt = this.renderedPrompt(conversation, message);
      if (prompt === undefined) return NO_PROMPT;
      return this.prompts.begins(row, prompt) ? prompt.length : OTHER_PROMPT;
    });
  }

  promptBefore(given: Conversation, message: number): { ids: number[]; text: string } | undefined {
    const text = this.renderedPrompt(this.shaped(given).conversation, message);
    return text === undefined ? undefined : { ids: this.tokenizer.encode(text).ids, text };
  }

  /** What serving would give for a message, with the row's own tools and variables; undefined where the template refuses. */
  private renderedPrompt(conversation: Conversation, message: number): string | undefined {
    return this.rendered(upTo(conversation, message), true);
  }

  private rendered(conversation: Conversation, addGenerationPrompt: boolean): string | undefined {
    try {
      return renderConversation(conversation, this.context, { addGenerationPrompt, tracking: false }).text.text;
    } catch (error) {
      if (error instanceof SiftError) return undefined;
      throw error;
    }
  }

  prompt(messages: readonly Message[], tools?: readonly unknown[]): { ids: number[]; text: string } {
    const { conversation } = this.shaped({ messages, ...(tools ? { tools } : {}) });
    const { text } = renderConversation(conversation, this.context, { addGenerationPrompt: true });
    return { ids: this.tokenizer.encode(text.text).ids, text: text.text };
  }
}

const upTo = (conversation: Conversation, end: number): Conversation => {
  return { ...conversation, messages: conversation.messages.slice(0, end) };
};

const columnsOf = ({ ids, starts, ends }: TokenizedText): TokenColumns => {
  return { ids: new Int32Array(ids), starts: new Int32Array(starts), ends: new Int32Array(ends) };
};

/** Whether a template keeps the reasoning of earlier turns, in the content and in a field of its own. */
function keptReasoning(context: RenderContext): StripOptions {
  const keeps = (answer: Partial<Message>): boolean => {
    const [first, second] = [
      { role: "assistant", content: "b", ...answer },
      { role: "assistant", content: "d" },
    ];
    const messages = [{ role: "user", content: "a" }, first, { role: "user", content: "c" }, second];
    try {
      return renderConversation({ messages }, context).text.text.includes(PROBE);
    } catch (error) {
      if (error instanceof SiftError) return true;
      throw error;
    }
  };
  return { content: keeps({ content: `<think>\n${PROBE}\n</think>\n\nb` }), field: keeps({ reasoning: PROBE }) };
}

/** No template writes this by itself. */
const PROBE = "earlier-reasoning-probe";

/** A turn of an uncommon role whose text the template silently left out; undefined where there is none. */
function unrenderedTurn(conversation: Conversation, rendered: RenderedConversation): number | undefined {
  if (conversation.messages.every((message) => COMMON_ROLES.has(message.role))) return undefined;
  const heard = new Set(
    segmentsOf(rendered)
      .filter((s) => !s.isRole)
      .map((s) => s.message),
  );
  const lost = conversation.messages.findIndex(
    (message, i) =>
      !COMMON_ROLES.has(message.role) && message.content !== null && message.content.length > 0 && !heard.has(i),
  );
  return lost < 0 ? undefined : lost;
}

function unknownRole(conversation: Conversation, index: number): SiftError {
  const role = conversation.messages[index]?.role ?? "";
  return new SiftError("role-unknown", `turn ${index + 1} has the role '${role}', which the template does not write`, {
    remedy: `say which role '${role}' is (user or assistant), or choose a template that knows it`,
  });
}
