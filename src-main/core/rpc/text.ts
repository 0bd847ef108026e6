import type { ParsedRow } from "#shared/text/index.ts";
import type { Services } from "../services.ts";
import { procedures } from "./base.ts";

export function textRouter({ text, store }: Services) {
  const os = procedures.text;
  return {
    preview: os.preview.handler(({ input: { settings, row } }) =>
      text.preview(settings, row.kind === "draft" ? { kind: "draft", row: row.row as ParsedRow } : row),
    ),
    template: os.template.handler(({ input }) => text.template(input.settings)),
    presets: os.presets.handler(() => text.presets()),
    saved: os.saved.handler(() => store.templates.list()),
    save: os.save.handler(({ input }) => text.save(input)),
    removeSaved: os.removeSaved.handler(({ input }) => {
      text.removeSaved(input.templateId);
      return {};
    }),
    prove: os.prove.handler(async ({ input }) => ({ jobId: await text.proofs.start(input) })),
    ensureProof: os.ensureProof.handler(async ({ input }) => ({ jobId: await text.proofs.ensure(input) })),
    proofResult: os.proofResult.handler(({ input }) => store.proofs.get(input.proofId)),
    latestProof: os.latestProof.handler(({ input }) => text.proofs.latest(input)),
  };
}
