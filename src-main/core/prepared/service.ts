import { resolve } from "node:path";
import type { PreparedComparison } from "#shared/contract/prepared.ts";
import type { EncodeSettings } from "#shared/contract/text.ts";
import { SiftError } from "#shared/errors.ts";
import type { Store } from "../store/index.ts";
import type { JobContext, JobRunner } from "../system/jobs.ts";
import { exportVersion } from "./export.ts";
import { compareVersions } from "./versions.ts";

interface ComparisonRequest {
  readonly versionId: string;
  readonly sourceVersionId: string;
  readonly settings: EncodeSettings;
}

interface ExportRequest {
  readonly versionId: string;
  readonly settings: EncodeSettings;
  readonly folder: string;
}

/** Comparisons that are kept; each is made again in seconds. */
const MAX_KEPT = 20;

/** Sets that another trainer prepared, beside what Sift makes of their source; and the way out to other trainers. */
export class PreparedService {
  readonly #store: Store;
  readonly #jobs: JobRunner;
  readonly #kept = new Map<string, PreparedComparison>();
  #made = 0;

  constructor(parts: { store: Store; jobs: JobRunner }) {
    this.#store = parts.store;
    this.#jobs = parts.jobs;
  }

  /** @throws SiftError `not-tokenised`, `source-tokenised` */
  compare(request: ComparisonRequest): string {
    const version = this.#store.datasets.version(request.versionId);
    const source = this.#store.datasets.version(request.sourceVersionId);
    if (!version.tokenised) {
      throw new SiftError("not-tokenised", `the rows of ${version.datasetName} are not token ids`, {
        remedy: "open the folder that the other trainer wrote",
      });
    }
    if (source.tokenised) {
      throw new SiftError("source-tokenised", `the rows of ${source.datasetName} are token ids already`, {
        remedy: "choose the dataset of conversations that the set was made from",
      });
    }
    return this.#jobs.start("compare", version.datasetName, (context) => this.#compare(request, context));
  }

  /** @throws SiftError `no-such-comparison` after a restart */
  comparison(id: string): PreparedComparison {
    const found = this.#kept.get(id);
    if (found) return found;
    throw new SiftError("no-such-comparison", "this comparison is not kept any more", { remedy: "compare again" });
  }

  export({ versionId, settings, folder }: ExportRequest): string {
    const version = this.#store.datasets.version(versionId);
    const target = resolve(folder);
    return this.#jobs.start("export", version.datasetName, async (context) => {
      context.report({ total: version.rows, done: 0 });
      await exportVersion(this.#store, { versionId, settings, folder: target }, context);
      return null;
    });
  }

  async #compare(request: ComparisonRequest, context: JobContext): Promise<string> {
    const compared = await compareVersions(this.#store, request, context);
    this.#made += 1;
    const id = `c${this.#made}`;
    this.#kept.set(id, { id, ...request, ...compared });
    for (const oldest of [...this.#kept.keys()].slice(0, -MAX_KEPT)) this.#kept.delete(oldest);
    return id;
  }
}
