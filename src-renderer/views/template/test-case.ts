import type { RowDetail } from "#shared/contract/datasets.ts";
import type { EncodeSettings, TemplateReport, TokenView } from "#shared/contract/text.ts";
import { shapedForForm } from "#shared/text/formEncoder.ts";
import { formPieces, isBrought } from "#shared/text/presets/segments.ts";
import { formTwin, presetOf, resolveForm, type TemplateForm } from "#shared/text/presets/index.ts";
import { type PythonCase, pythonCase } from "#shared/text/pythonCase.ts";
import type { Conversation } from "#shared/text/types.ts";

interface Shown {
  readonly detail: RowDetail;
  readonly view: TokenView;
  /** Jinja of the template. */
  readonly source: string;
  readonly specialTokens: TemplateReport["specialTokens"];
}

/** The row on screen as a Python test case; undefined where it is no conversation. */
export function testCase(settings: EncodeSettings, shown: Shown): string | undefined {
  const { detail, view } = shown;
  if (detail.row.kind !== "conversation") return undefined;
  const cut = view.cutFrom ?? view.ids.length;
  const { ids, labels, weights, starts, ends } = view;
  const conversation = detail.row.conversation as Conversation;
  return pythonCase({
    modelPath: settings.modelPath,
    ...(formCase(settings, conversation, shown.specialTokens) ?? {
      conversation: withSystem(conversation, settings),
      template: shown.source,
    }),
    masksByTags: settings.maskOptions === undefined && (settings.mask ?? "assistant") === "assistant",
    text: view.text,
    ids: ids.slice(0, cut),
    labels: labels.slice(0, cut),
    weights: weights.slice(0, cut),
    starts: starts.slice(0, cut),
    ends: ends.slice(0, cut),
  });
}

/** What a form makes of the row: its pieces, and its twin with the system text that the row has. */
export function formCase(
  settings: EncodeSettings,
  given: Conversation,
  specialTokens: TemplateReport["specialTokens"],
): Pick<PythonCase, "conversation" | "template" | "pieces"> | undefined {
  const form = formOf(settings);
  if (!form) return undefined;
  const { systemPolicy, systemMessage = form.default_system, maskOptions, rowOptions } = settings;
  const shaping = { dropsSystem: systemPolicy === "drop", strips: maskOptions?.reasoning === "strip" };
  const { conversation } = shapedForForm(given, shaping);
  const textOf = (name: string): string | undefined => specialTokens.find((token) => token.name === name)?.text;
  const [bos, eos] = [textOf("BOS"), textOf("EOS")];
  const named = { ...(bos === undefined ? {} : { bos_token: bos }), ...(eos === undefined ? {} : { eos_token: eos }) };
  const replaces = systemPolicy === "replace";
  const options = { system: systemMessage, systemPolicy: replaces ? "row" : (systemPolicy ?? "keep") } as const;
  const { pieces } = formPieces(resolveForm(form, { files: { specialTokens: named } }), conversation, options);
  const [first] = conversation.messages;
  const system = replaces && first?.role === "system" && typeof first.content === "string" ? first.content : undefined;
  const isPlain = rowOptions?.specialTokens === "plain";
  return {
    conversation,
    template: formTwin(form, system ?? systemMessage),
    pieces: pieces.map((piece) => ({ text: piece.text, plain: isPlain && isBrought(piece) })),
  };
}

function formOf({ template }: EncodeSettings): TemplateForm | undefined {
  if (template.kind === "form") return template.form;
  return template.kind === "preset" ? presetOf(template.name).form : undefined;
}

/** System turns as the settings have them: dropped, or a default one put in front. */
function withSystem(conversation: Conversation, { systemMessage, systemPolicy }: EncodeSettings): Conversation {
  const dropped = systemPolicy === "drop";
  const kept = dropped ? conversation.messages.filter(({ role }) => role !== "system") : conversation.messages;
  const puts = systemMessage !== undefined && !kept.some(({ role }) => role === "system");
  return { ...conversation, messages: puts ? [{ role: "system", content: systemMessage }, ...kept] : kept };
}
