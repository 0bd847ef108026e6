import type { FormReport } from "#shared/contract/templates.ts";
import { toErrorReport } from "#shared/errors.ts";
import { createEncoder, FORM_ROLES, formTwin, SAMPLE_CONVERSATION, type TemplateForm } from "#shared/text/index.ts";
import { hasTokenizer, loadTokenizer } from "../models/tokenizer.ts";

/** A form as its view shows it: its Jinja, a sample conversation in it, and the ids of each piece under the model's tokenizer. */
export function formReport(form: TemplateForm, modelPath: string | undefined): FormReport {
  const twin = formTwin(form, form.default_system);
  const tokenizer = modelPath !== undefined && hasTokenizer(modelPath) ? loadTokenizer(modelPath).tokenizer : undefined;
  if (!tokenizer) return { twin, text: "", pieces: [], error: null };
  const written = FORM_ROLES.flatMap((name) => Object.values(form.roles[name] ?? {}));
  const texts = [...new Set([form.bos, form.eos, ...written])].filter((text) => typeof text === "string");
  const pieces = texts
    .filter((text) => text !== "")
    .map((text) => {
      const isNamed = text === "bos_token" || text === "eos_token";
      const meant = isNamed ? tokenizer.files.specialTokens[text] : text;
      return { text, ids: meant === undefined ? null : [...tokenizer.encode(meant).ids] };
    });
  try {
    const encoder = createEncoder({ tokenizer, template: { kind: "form", form } });
    const { encoded } = encoder.encode({ kind: "conversation", conversation: SAMPLE_CONVERSATION }, 0);
    return { twin, text: encoded.text, pieces, error: null };
  } catch (error) {
    return { twin, text: "", pieces, error: toErrorReport(error) };
  }
}
