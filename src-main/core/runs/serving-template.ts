import type { EncodeSettings } from "#shared/contract/text.ts";
import { presetOf } from "#shared/text/index.ts";
import type { ServingTemplate } from "#shared/worker/protocol.ts";
import { openCoder } from "../text/encoding.ts";
import { templateInfo, textHash } from "../text/report.ts";

/** What a trained model carries, so that serving sees what training saw; null where no template was involved. */
export function servingTemplate(settings: EncodeSettings): ServingTemplate | null {
  const { encoder } = openCoder(settings);
  const info = templateInfo(settings.template, settings.modelPath, settings.systemMessage);
  if (!encoder || !info) return null;
  const { endOfTurn, stopIds, templateSource, tokenizer } = encoder;
  const preset = settings.template.kind === "preset" ? presetOf(settings.template.name).defaultSystem : null;
  return {
    source: templateSource,
    name: info.name,
    hash: textHash(templateSource),
    defaultSystem: settings.systemMessage ?? preset,
    stopIds: [...stopIds],
    endOfTurn: endOfTurn === undefined ? null : (tokenizer.idToToken(endOfTurn) ?? null),
  };
}
