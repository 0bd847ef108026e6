import type { SettingsFinding } from "#shared/contract/adapting.ts";
import type { EncodeSettings, TemplateReport } from "#shared/contract/text.ts";
import { SiftError } from "#shared/errors.ts";
import { compareTemplates, type RowEncoder, type TemplateDeparture } from "#shared/text/index.ts";
import { DEFAULT_TEMPLATE, ownTemplates } from "../models/template.ts";
import { encoderTemplate, openCoder } from "./encoding.ts";

type Departure = NonNullable<TemplateReport["departure"]>;

/** How the settings depart from the template that a model was tuned with, on a short conversation; null where they do not. */
export function departureOf(settings: EncodeSettings, { tokenizer }: RowEncoder): Departure | null {
  const { template, systemMessage } = settings;
  if (!canDepart(settings)) return null;
  if (!ownTemplates(settings.modelPath).some(({ name }) => name === DEFAULT_TEMPLATE)) return null;
  const own = encoderTemplate({ kind: "own" }, settings.modelPath);
  const chosen = encoderTemplate(template, settings.modelPath);
  if (!own || !chosen) return null;
  const system = systemMessage === undefined ? {} : { systemMessage };
  return compared(() => compareTemplates({ tokenizer, own, chosen, ...system }));
}

/** The model's own is no departure, nor is one of its named ones; a system text that is put into it is. */
const canDepart = ({ template, systemMessage }: EncodeSettings): boolean =>
  template.kind !== "own" || (template.name === undefined && systemMessage !== undefined);

/** A template that refuses the sample departs in a way that cannot be shown. */
function compared(compare: () => TemplateDeparture): Departure | null {
  try {
    const { departs, own, chosen, changes } = compare();
    return departs ? { own, chosen, message: MESSAGE, changes: [...changes] } : null;
  } catch (error) {
    if (!(error instanceof SiftError)) throw error;
    const message = `${MESSAGE} They could not be compared on a sample: ${error.message}`;
    return { own: "", chosen: "", message, changes: [] };
  }
}

const MESSAGE = "The model was tuned with its own template; with another one it has to learn a new format first.";

/** What there is to say about the settings of a proof, whatever its rows: never stops a run. */
export function settingsFindings(settings: EncodeSettings): SettingsFinding[] {
  if (!canDepart(settings)) return []; // no tokenizer has to be opened to say so
  const { encoder } = openCoder(settings);
  const departure = encoder && departureOf(settings, encoder);
  return departure ? [{ class: "template-departs", ...departure, repair: "use-own-template" }] : [];
}

/** How the settings depart, in a sentence; undefined where they do not, or where that is not for now to say. */
export function departureText(settings: EncodeSettings): string | undefined {
  try {
    const [finding] = settingsFindings(settings);
    if (!finding) return undefined;
    const what = finding.changes.map((change) => change.what).join(", ");
    return what === "" ? finding.message : `${finding.message} It differs in: ${what}.`;
  } catch (error) {
    if (error instanceof SiftError) return undefined;
    throw error;
  }
}
