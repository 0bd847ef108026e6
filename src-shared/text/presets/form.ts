import * as v from "valibot";
import { SiftError } from "#shared/errors.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { MaskPolicy } from "../types.ts";

/** What of a turn can be trained, in the order in which it is written; `name` is the role's name with its separator. */
export const FORM_PARTS = ["start", "name", "content", "end", "newline"] as const;
export type FormPart = (typeof FORM_PARTS)[number];
/** Roles that a form can write. */
export const FORM_ROLES = ["system", "user", "assistant", "tool"] as const;
export type FormRoleName = (typeof FORM_ROLES)[number];

/** No marker of a format is longer than a short sentence; the cap keeps a broken file from becoming a template. */
const MAX_MARKER = 2000;
const marker = v.optional(v.pipe(v.string(), v.maxLength(MAX_MARKER)), "");

/** How the turns of a role are written: start, name, separator, content, end, newline. Each piece is tokenized on its own. */
export const formRole = v.strictObject({
  start: marker,
  name: marker,
  separator: marker,
  end: marker,
  newline: marker,
  /** What is trained under the mask `structural`. */
  train: v.optional(v.array(v.picklist(FORM_PARTS)), []),
});
export type FormRole = v.InferOutput<typeof formRole>;

/** Which answers have their reasoning written: every one, or those behind the last user's turn, as most reasoning models are served. */
export const REASONING_TURNS = ["last", "all"] as const;

/** How reasoning stands in front of an answer; both markers are part of the answer and trained with it. */
export const formReasoning = v.strictObject({
  open: marker,
  close: marker,
  turns: v.optional(v.picklist(REASONING_TURNS), "last"),
});
export type FormReasoning = v.InferOutput<typeof formReasoning>;

/**
 * A template made of segments, without Jinja. A piece that is exactly `bos_token` or `eos_token` stands for the tokenizer's own
 * token of that name.
 */
export const templateForm = v.strictObject({
  name: v.pipe(v.string(), v.nonEmpty(), v.maxLength(200)),
  /** Written before the first turn and behind the last one. */
  bos: marker,
  eos: marker,
  /** What other tools fill rows up with: Sift saves it with the model and never writes it. Left out: the tokenizer's own. */
  pad: v.exactOptional(v.pipe(v.string(), v.maxLength(MAX_MARKER))),
  /** Left out: reasoning is not written. */
  reasoning: v.exactOptional(formReasoning),
  /** System text for conversations without one. */
  default_system: marker,
  /**
   * keep: a leading system turn replaces the default text, and no system turn is written where both are empty. drop: a first turn
   * that is not a user's is left out and the default text is always written, as `chatml-human` does.
   */
  first_turn: v.optional(v.picklist(["keep", "drop"]), "keep"),
  roles: v.strictObject({
    system: v.exactOptional(formRole),
    user: formRole,
    assistant: formRole,
    tool: v.exactOptional(formRole),
  }),
});
export type TemplateForm = v.InferOutput<typeof templateForm>;

/** A form from a parsed file. @throws SiftError `template-form` that names the key */
export function parseForm(value: unknown, file?: string): TemplateForm {
  const parsed = v.safeParse(templateForm, value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const key = v.getDotPath(issue) ?? "";
  throw new SiftError("template-form", `${key === "" ? "the form" : key}: ${issue.message}`, {
    where: { ...(file === undefined ? {} : { file }), what: key === "" ? "form" : key },
    remedy:
      "a form has name, roles (user, assistant, and system or tool) and, where wanted, bos, eos, pad, reasoning and default_system",
  });
}

/** The part of a role that a form's own mask trains. */
export const trainsPart = (form: TemplateForm, role: string, part: FormPart): boolean =>
  roleOf(form, role)?.train.includes(part) ?? false;

/** How a form writes a role; undefined where it does not. */
export function roleOf({ roles }: TemplateForm, role: string): FormRole | undefined {
  const name = FORM_ROLES.find((known) => known === role);
  return name === undefined ? undefined : roles[name];
}

/** The policy that a form stands for: `assistant` where it trains just answers and their ends, else its own lists. */
export function formMask(form: TemplateForm): MaskPolicy {
  const others = FORM_ROLES.some((role) => role !== "assistant" && (form.roles[role]?.train.length ?? 0) > 0);
  const trained = new Set<FormPart>(form.roles.assistant.train);
  const { end, newline } = form.roles.assistant;
  const wanted = (part: FormPart): boolean =>
    part === "content" || (part === "end" && end !== "") || (part === "newline" && newline !== "");
  const isUsual = FORM_PARTS.every((part) => trained.has(part) === wanted(part) || isUnwritten(form, part));
  return isUsual && !others ? "assistant" : "structural";
}

const isUnwritten = ({ roles: { assistant } }: TemplateForm, part: FormPart): boolean =>
  part === "name" ? assistant.name + assistant.separator === "" : part !== "content" && assistant[part] === "";

/** The tokens that a tokenizer names. */
export interface NamedTokens {
  readonly files: Pick<Tokenizer["files"], "specialTokens">;
}

/** The text that a piece of a form stands for. @throws SiftError `form-tokens` where the tokenizer has no such token */
export function pieceText(piece: string, { files }: NamedTokens): string {
  if (piece !== "bos_token" && piece !== "eos_token") return piece;
  const text = files.specialTokens[piece];
  if (text !== undefined) return text;
  throw new SiftError("form-tokens", `the form writes the tokenizer's ${piece}, and this tokenizer names none`, {
    remedy: "write the token's text into the form, or leave it empty",
  });
}

/** The token that other tools are to fill rows up with; undefined: the tokenizer's own stays. @throws SiftError `form-tokens` */
export function padToken({ pad = "" }: TemplateForm, tokenizer: Tokenizer): { text: string; id: number } | undefined {
  if (pad === "") return undefined;
  const text = pieceText(pad, tokenizer);
  const id = tokenizer.tokenToId(text);
  if (id !== undefined) return { text, id };
  throw new SiftError(
    "form-tokens",
    `the form pads with ${JSON.stringify(text)}, which is no token of this tokenizer`,
    {
      where: { what: "pad" },
      remedy: "choose a token of the vocabulary, or leave it empty: the tokenizer's own stays",
    },
  );
}

/** The form with the texts that its pieces stand for under a tokenizer. @throws SiftError `form-tokens` */
export function resolveForm(form: TemplateForm, tokenizer: NamedTokens): TemplateForm {
  const text = (piece: string): string => pieceText(piece, tokenizer);
  const role = (given: FormRole): FormRole => ({
    ...given,
    start: text(given.start),
    separator: text(given.separator),
    end: text(given.end),
    newline: text(given.newline),
  });
  const { system, user, assistant, tool } = form.roles;
  return {
    ...form,
    bos: text(form.bos),
    eos: text(form.eos),
    roles: {
      ...(system ? { system: role(system) } : {}),
      user: role(user),
      assistant: role(assistant),
      ...(tool ? { tool: role(tool) } : {}),
    },
  };
}
