import type { EncodeSettings, TemplateChoice } from "#shared/contract/text.ts";
import { presetOf } from "#shared/text/index.ts";
import type { ServingTemplate } from "#shared/worker/protocol.ts";
import { openCoder } from "../text/encoding.ts";
import { templateInfo, textHash } from "../text/report.ts";

/** What a trained model carries, so that serving sees what training saw; null where no template was involved. */
export function servingTemplate(settings: EncodeSettings): ServingTemplate | null {
  const { encoder } = openCoder(settings);
  const info = templateInfo(settings.template, settings.modelPath, settings.systemMessage);
  if (!encoder || !info) return null;
  const { endOfTurn, pad, stopIds, templateSource, tokenizer } = encoder;
  return {
    source: templateSource,
    name: info.name,
    hash: textHash(templateSource),
    defaultSystem: settings.systemMessage ?? defaultSystem(settings.template),
    stopIds: [...stopIds],
    endOfTurn: endOfTurn === undefined ? null : (tokenizer.idToToken(endOfTurn) ?? null),
    ...(pad ? { pad } : {}),
  };
}

function defaultSystem(template: TemplateChoice): string | null {
  if (template.kind === "preset") return presetOf(template.name).defaultSystem;
  return template.kind === "form" ? template.form.default_system : null;
}
