import { openDatabase, type Db } from "./database.ts";
import { DatasetTable } from "./datasets.ts";
import { ForecastTable } from "./forecasts.ts";
import { ImportTable } from "./imports.ts";
import { JobTable } from "./jobs.ts";
import { ModelTable, TemplateTable } from "./library.ts";
import { ProgressTable } from "./progress.ts";
import { ProofTable } from "./proofs.ts";
import { ReviewTable } from "./reviews.ts";
import { RowTable } from "./rows.ts";
import { RunTable } from "./runs.ts";
import { SettingsTable } from "./settings.ts";
import { WaiverTable } from "./waivers.ts";

/** The one way to the database. Only core's process holds one. */
export class Store {
  readonly #db: Db;
  readonly datasets: DatasetTable;
  readonly imports: ImportTable;
  readonly rows: RowTable;
  readonly reviews: ReviewTable;
  readonly templates: TemplateTable;
  readonly models: ModelTable;
  readonly settings: SettingsTable;
  readonly proofs: ProofTable;
  readonly waivers: WaiverTable;
  readonly forecasts: ForecastTable;
  readonly jobs: JobTable;
  readonly runs: RunTable;
  readonly progress: ProgressTable;

  /** @param file the database's path, `:memory:` for none. @throws SiftError `database-newer` */
  constructor(file: string) {
    const db = openDatabase(file);
    this.#db = db;
    this.datasets = new DatasetTable(db);
    this.imports = new ImportTable(db);
    this.proofs = new ProofTable(db);
    this.rows = new RowTable(db, (proofId, name) => this.proofs.rowsOf(proofId, name));
    this.reviews = new ReviewTable(db);
    this.templates = new TemplateTable(db);
    this.models = new ModelTable(db);
    this.settings = new SettingsTable(db);
    this.waivers = new WaiverTable(db);
    this.forecasts = new ForecastTable(db);
    this.jobs = new JobTable(db);
    this.runs = new RunTable(db);
    this.progress = new ProgressTable(db);
  }

  /** Several writes that stand or fall together. */
  transaction<T>(work: () => T): T {
    return this.#db.transaction(work)();
  }

  close(): void {
    this.#db.close();
  }
}
