import { SiftError } from "#shared/errors.ts";
import type { ConversationEncoder, EncodeResult, EncoderOptions, RowNotice } from "./encoderTypes.ts";
import { ChatTemplate } from "./jinja/template.ts";
import { decideTokens } from "./masks.ts";
import { type RenderContext, renderConversation, type RenderedConversation, segmentsOf } from "./render.ts";
import { originsOf, type TextOrigin } from "./origins.ts";
import { buildRow } from "./rowBuilder.ts";
import { lossyNotice, specialNotices } from "./notices.ts";
import { findTurnMarks, type TurnMarks } from "./turnMarks.ts";
import type { Tokenizer, TokenizedText } from "./tokenizer/tokenizer.ts";
import { type Conversation, type EncodedRow, IGNORE, type MaskPolicy, type Message } from "./types.ts";

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
  }

  get endOfTurn(): number | undefined {
    return this.marks.endOfTurn;
  }

  get generationPrompt(): string {
    return this.marks.generationPrompt;
  }

  encode(given: Conversation, row: number): EncodeResult {
    const conversation = this.withSystem(given);
    const rendered = renderConversation(conversation, this.context);
    const unheard = unrenderedTurn(conversation, rendered);
    if (unheard !== undefined) throw unknownRole(conversation, unheard);
    const text = rendered.text.text;
    const tokens = this.tokenizer.encode(text);
    const decide = decideTokens({
      conversation,
      rendered,
      tokens,
      policy: this.mask === "structural" ? "assistant" : this.mask,
      hasGenerationTags: this.context.template.hasGenerationTags,
      marks: this.marks,
      trimsOffsets: this.tokenizer.trimsOffsets,
    });
    const specialInContent = this.specialInContent(rendered, tokens);
    const notices: RowNotice[] = [...specialNotices(tokens.ids, specialInContent, { tokenizer: this.tokenizer, row })];
    if (tokens.lossy) notices.push(lossyNotice(row));
    const roles = conversation.messages.map((message) => message.role);
    return {
      encoded: buildRow(tokens, text, decide),
      notices,
      facts: { kind: "conversation", roles, lossy: tokens.lossy, specialInContent },
    };
  }

  /** Positions of special tokens whose text a message brought. */
  private specialInContent(rendered: RenderedConversation, tokens: TokenizedText): number[] {
    if (!tokens.ids.some((id) => this.tokenizer.isSpecial(id))) return [];
    const authored = segmentsOf(rendered).filter((segment) => segment.message >= 0 && !segment.isRole);
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
    return originsOf(this.withSystem(given), this.context);
  }

  prefixDiffers(given: Conversation, encoded: EncodedRow): boolean {
    const conversation = this.withSystem(given);
    const boundaries = new Set(encoded.starts);
    return trainedMessages(encoded).some((message) => {
      if (conversation.messages[message]?.role !== "assistant") return false;
      const before = { ...conversation, messages: conversation.messages.slice(0, message) };
      const prompt = this.renderedPrompt(before);
      return prompt !== undefined && !(encoded.text.startsWith(prompt) && boundaries.has(prompt.length));
    });
  }

  /** Undefined where the template refuses a conversation that ends there. */
  private renderedPrompt(conversation: Conversation): string | undefined {
    try {
      return renderConversation(conversation, this.context, { addGenerationPrompt: true }).text.text;
    } catch (error) {
      if (error instanceof SiftError) return undefined;
      throw error;
    }
  }

  prompt(messages: readonly Message[], tools?: readonly unknown[]): { ids: number[]; text: string } {
    const conversation = this.withSystem({ messages, ...(tools ? { tools } : {}) });
    const { text } = renderConversation(conversation, this.context, { addGenerationPrompt: true });
    return { ids: this.tokenizer.encode(text.text).ids, text: text.text };
  }
}

/** Messages with a token that is a target. */
function trainedMessages(encoded: EncodedRow): number[] {
  const trained = new Set<number>();
  encoded.messages.forEach((message, i) => {
    if (message >= 0 && encoded.labels[i] !== IGNORE) trained.add(message);
  });
  return [...trained];
}

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
