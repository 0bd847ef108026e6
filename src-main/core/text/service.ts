import type { EncodeSettings, SavedTemplate, TemplateInfo, TemplateReport, TokenView } from "#shared/contract/text.ts";
import type { TemplateVersion } from "#shared/contract/templates.ts";
import { SiftError } from "#shared/errors.ts";
import { ChatTemplate, formTwin, type ParsedRow, type TemplateForm } from "#shared/text/index.ts";
import type { DataHashes } from "../data/data-hash.ts";
import type { ReviewService, RowKey } from "../data/reviews.ts";
import type { Store } from "../store/index.ts";
import type { EventHub } from "../system/events.ts";
import type { JobRunner } from "../system/jobs.ts";
import { previewRow } from "./preview.ts";
import { ProofJobs } from "./proof-jobs.ts";
import { presetInfos, templateReport, textHash } from "./report.ts";

interface Parts {
  readonly store: Store;
  readonly events: EventHub;
  readonly jobs: JobRunner;
  readonly reviews: ReviewService;
  readonly hashes: DataHashes;
  readonly clock: () => number;
  /** Folder where tokenised rows are kept. */
  readonly cache: string;
}

/** What the template view asks: tokens of a row, reports on templates, saved templates, the proof of a dataset. */
export class TextService {
  readonly #parts: Parts;
  readonly proofs: ProofJobs;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.proofs = new ProofJobs(parts);
  }

  preview(settings: EncodeSettings, row: { kind: "draft"; row: ParsedRow } | ({ kind: "stored" } & RowKey)): TokenView {
    if (row.kind === "draft") return previewRow(settings, row.row, 0);
    const { position } = this.#parts.store.rows.stored(row.versionId, row.rowId);
    return previewRow(settings, this.#parts.reviews.effective(row), position);
  }

  template(settings: EncodeSettings): TemplateReport {
    return templateReport(settings);
  }

  presets(): TemplateInfo[] {
    return presetInfos();
  }

  /** Jinja or a form, as the newest version of its name. @throws SiftError of a template that does not parse, with line and column */
  save(
    given: { readonly name: string } & ({ readonly source: string } | { readonly form: TemplateForm }),
  ): SavedTemplate {
    const name = given.name.trim();
    if (name === "") throw new SiftError("template-name", "a template needs a name");
    if (!("form" in given)) new ChatTemplate(given.source);
    const form = "form" in given ? { ...given.form, name } : undefined;
    const source = "form" in given ? formTwin({ ...given.form, name }, given.form.default_system) : given.source;
    const hash = textHash(form === undefined ? source : JSON.stringify(form));
    const saved = this.#parts.store.templates.save({ name, source, form, hash, at: this.#parts.clock() });
    this.#parts.events.emit({ type: "templates" });
    return saved;
  }

  /** Makes the text of an older version the newest one. @throws SiftError `not-found` */
  restoreTemplate(templateId: string, number: number): TemplateVersion {
    const { templates } = this.#parts.store;
    const wanted = templates.versions(templateId).find((version) => version.number === number);
    if (!wanted) throw new SiftError("not-found", `the template has no version ${number}`);
    const { name, source, form, hash } = wanted;
    templates.save({ name, source, form, hash, at: this.#parts.clock() });
    this.#parts.events.emit({ type: "templates" });
    return templates.versions(templateId)[0] ?? wanted;
  }

  removeSaved(templateId: string): void {
    this.#parts.store.templates.remove(templateId);
    this.#parts.events.emit({ type: "templates" });
  }
}
