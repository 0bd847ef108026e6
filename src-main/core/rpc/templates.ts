import { formReport } from "../text/form.ts";
import { openTemplate, templateOfRun } from "../text/templates.ts";
import type { Services } from "../services.ts";
import { procedures } from "./base.ts";

export function templatesRouter({ text, store }: Services) {
  const os = procedures.templates;
  return {
    form: os.form.handler(({ input }) => formReport(input.form, input.modelPath)),
    versions: os.versions.handler(({ input }) => store.templates.versions(input.templateId)),
    restore: os.restore.handler(({ input }) => text.restoreTemplate(input.templateId, input.number)),
    open: os.open.handler(({ input }) => openTemplate(input.path)),
    ofRun: os.ofRun.handler(({ input }) => templateOfRun(store.runs.get(input.runId))),
  };
}
