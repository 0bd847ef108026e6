import type { Services } from "../services.ts";
import { notImplemented, procedures } from "./base.ts";

export function textRouter(_services: Services) {
  const os = procedures.text;
  return {
    preview: os.preview.handler(() => notImplemented("the token view")),
    template: os.template.handler(() => notImplemented("the template report")),
    presets: os.presets.handler(() => notImplemented("the list of presets")),
    saved: os.saved.handler(() => notImplemented("saved templates")),
    save: os.save.handler(() => notImplemented("saved templates")),
    removeSaved: os.removeSaved.handler(() => notImplemented("saved templates")),
    prove: os.prove.handler(() => notImplemented("the proof")),
    proofResult: os.proofResult.handler(() => notImplemented("the proof")),
    latestProof: os.latestProof.handler(() => notImplemented("the proof")),
  };
}
