import type { FormReport } from "#shared/contract/templates.ts";
import { toErrorReport } from "#shared/errors.ts";
import {
  type Conversation,
  createEncoder,
  FORM_ROLES,
  formTwin,
  SAMPLE_CONVERSATION,
  type TemplateForm,
  type Tokenizer,
} from "#shared/text/index.ts";
import { hasTokenizer, loadTokenizer } from "../models/tokenizer.ts";

/** A form as its view shows it: its Jinja, a sample conversation in it, and the ids of each piece under the model's tokenizer. */
export function formReport(form: TemplateForm, modelPath: string | undefined): FormReport {
  const twin = formTwin(form, form.default_system);
  const tokenizer = modelPath !== undefined && hasTokenizer(modelPath) ? loadTokenizer(modelPath).tokenizer : undefined;
  if (!tokenizer) return { twin, text: "", pad: null, pieces: [], error: null };
  const written = FORM_ROLES.flatMap((name) => Object.values(form.roles[name] ?? {}));
  const marks = form.reasoning ? [form.reasoning.open, form.reasoning.close] : [];
  const texts = [...new Set([form.bos, form.eos, form.pad, ...marks, ...written])].filter(
    (text) => typeof text === "string",
  );
  const pieces = texts
    .filter((text) => text !== "")
    .map((text) => {
      const isNamed = text === "bos_token" || text === "eos_token";
      const meant = isNamed ? tokenizer.files.specialTokens[text] : text;
      return { text, ids: meant === undefined ? null : [...tokenizer.encode(meant).ids] };
    });
  try {
    const encoder = createEncoder({ tokenizer, template: { kind: "form", form } });
    const { encoded } = encoder.encode({ kind: "conversation", conversation: sample(form) }, 0);
    return { twin, text: encoded.text, pad: padOf(form, tokenizer, encoder.endOfTurn), pieces, error: null };
  } catch (error) {
    return { twin, text: "", pad: padOf(form, tokenizer, undefined), pieces, error: toErrorReport(error) };
  }
}

/** The usual sample; with reasoning where the form writes it. */
function sample(form: TemplateForm): Conversation {
  if (!form.reasoning) return SAMPLE_CONVERSATION;
  const messages = SAMPLE_CONVERSATION.messages.map((message) => {
    return message.role === "assistant" ? { ...message, reasoning: "A colour is asked for." } : message;
  });
  return { messages };
}

/** What other tools would pad with: the form's token, else the tokenizer's own. */
function padOf(form: TemplateForm, tokenizer: Tokenizer, endOfTurn: number | undefined): FormReport["pad"] {
  const { pad_token, eos_token, bos_token } = tokenizer.files.specialTokens;
  const named = form.pad ?? "";
  const text = { eos_token, bos_token, "": pad_token }[named] ?? named;
  if (text === "") return null;
  const id = tokenizer.tokenToId(text) ?? null;
  return { text, id, named: named !== "", endsTurn: id !== null && id === endOfTurn };
}
