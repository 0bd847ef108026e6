import type { RowDetail } from "#shared/contract/datasets.ts";
import type { EncodeSettings, TokenView } from "#shared/contract/text.ts";
import { pythonCase } from "#shared/text/pythonCase.ts";
import type { Conversation } from "#shared/text/types.ts";

/** The row on screen as a Python test case; undefined where it is no conversation. */
export function testCase(
  settings: EncodeSettings,
  { detail, view, source }: { detail: RowDetail; view: TokenView; source: string },
): string | undefined {
  if (detail.row.kind !== "conversation") return undefined;
  const cut = view.cutFrom ?? view.ids.length;
  const { ids, labels, weights, starts, ends } = view;
  return pythonCase({
    modelPath: settings.modelPath,
    conversation: withSystem(detail.row.conversation as Conversation, settings),
    template: source,
    segmented: settings.template.kind === "preset" && settings.template.name === "chatml-human",
    text: view.text,
    ids: ids.slice(0, cut),
    labels: labels.slice(0, cut),
    weights: weights.slice(0, cut),
    starts: starts.slice(0, cut),
    ends: ends.slice(0, cut),
  });
}

/** System turns as the settings have them: dropped, or a default one put in front. */
function withSystem(conversation: Conversation, { systemMessage, systemPolicy }: EncodeSettings): Conversation {
  const dropped = systemPolicy === "drop";
  const kept = dropped ? conversation.messages.filter(({ role }) => role !== "system") : conversation.messages;
  const puts = systemMessage !== undefined && !kept.some(({ role }) => role === "system");
  return { ...conversation, messages: puts ? [{ role: "system", content: systemMessage }, ...kept] : kept };
}
