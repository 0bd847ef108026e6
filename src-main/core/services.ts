import { ChatService } from "./chat/service.ts";
import { DataHashes } from "./data/data-hash.ts";
import { DatasetService } from "./data/datasets.ts";
import { ReviewService } from "./data/reviews.ts";
import { ModelService } from "./models/service.ts";
import { PreparedService } from "./prepared/service.ts";
import { RunService } from "./runs/service.ts";
import { SampleService } from "./sample.ts";
import { PackingService } from "./text/packing.ts";
import { TextService } from "./text/service.ts";
import { WaiverService } from "./text/waivers.ts";
import { Store } from "./store/index.ts";
import { EventHub } from "./system/events.ts";
import type { HomePaths } from "./system/home.ts";
import { JobRunner } from "./system/jobs.ts";
import { Uploads } from "./system/uploads.ts";
import { applicationVersion } from "./system/version.ts";

export interface ServiceOptions {
  readonly paths: HomePaths;
  readonly clock: () => number;
  /** Environment variables: where the caches of other tools lie. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** True in the desktop window. */
  readonly desktop: boolean;
}

/** Everything that core does, wired once. The contract's procedures are thin wrappers over these. */
export class Services {
  readonly version: string;
  readonly paths: HomePaths;
  readonly desktop: boolean;
  readonly store: Store;
  readonly events: EventHub;
  readonly jobs: JobRunner;
  readonly uploads: Uploads;
  readonly datasets: DatasetService;
  readonly reviews: ReviewService;
  readonly models: ModelService;
  readonly sample: SampleService;
  readonly hashes: DataHashes;
  readonly text: TextService;
  readonly packing: PackingService;
  readonly waivers: WaiverService;
  readonly prepared: PreparedService;
  readonly runs: RunService;
  readonly chat: ChatService;
  readonly #busyListeners = new Set<(busy: boolean) => void>();

  constructor({ paths, clock, env, desktop }: ServiceOptions) {
    this.version = applicationVersion();
    this.paths = paths;
    this.desktop = desktop;
    const store = new Store(paths.database);
    const events = new EventHub();
    const jobs = new JobRunner({ table: store.jobs, events, clock });
    const base = { store, events, jobs, clock };
    this.store = store;
    this.events = events;
    this.jobs = jobs;
    this.uploads = new Uploads(paths.uploads);
    this.datasets = new DatasetService(base);
    this.reviews = new ReviewService(base);
    this.models = new ModelService({ ...base, env, home: paths.home });
    this.hashes = new DataHashes(store);
    this.packing = new PackingService({ store, cache: paths.cache });
    this.waivers = new WaiverService(base);
    this.prepared = new PreparedService(base);
    this.text = new TextService({ ...base, reviews: this.reviews, hashes: this.hashes, cache: paths.cache });
    this.chat = new ChatService(base);
    this.runs = new RunService({
      ...base,
      paths,
      version: this.version,
      hashes: this.hashes,
      models: this.models,
      onBusyChange: (busy) => {
        if (busy) this.chat.makeRoom(); // training is about to need the memory
        for (const listener of this.#busyListeners) listener(busy);
      },
    });
    this.sample = new SampleService({ ...base, datasets: this.datasets });
  }

  /** What a crash left behind is tidied before anybody asks. */
  async start({ startQueue }: { startQueue: boolean }): Promise<void> {
    await this.datasets.sweep();
    this.runs.recover(startQueue);
  }

  /** Called with true when a run starts and false when none goes on: who keeps the machine awake listens. @returns how to stop listening */
  onBusyChange(listener: (busy: boolean) => void): () => void {
    this.#busyListeners.add(listener);
    return () => this.#busyListeners.delete(listener);
  }

  async close(): Promise<void> {
    this.chat.close();
    await this.runs.close();
    await this.jobs.close();
    await this.datasets.sweep();
    this.uploads.close();
    this.store.close();
  }
}
