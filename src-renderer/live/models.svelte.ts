import type { EncodeSettings } from "#shared/contract/text.ts";
import { core } from "../client.ts";
import { reportOf } from "../state/errors.ts";
import { LiveClient, NotLiveError } from "./client.ts";
import type { LiveModelRef } from "./protocol.ts";

/** A model folder may be changed by other programs; what is older than this is asked for again, behind the view. */
const FRESH_MS = 3000;

interface Asked {
  readonly modelPath: string;
  readonly ownTemplate: boolean;
  readonly templateName?: string;
}
interface Kept {
  readonly model: Promise<LiveModelRef>;
  at: number;
}

/** Model files that the worker encodes with, kept while core says that they have not changed. */
class LiveModels {
  readonly client = new LiveClient(
    () => new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "live" }),
  );
  readonly #kept = new Map<string, Kept>();
  /** Hash of each folder's tokenizer when it was last asked for. */
  readonly #hashes = new Map<string, string>();
  #version = $state(0);

  /** Counts changes of a model's files under an open view; read it to encode again. */
  get version(): number {
    return this.#version;
  }

  /** @throws SiftError of the model's files; NotLiveError where they cannot be sent */
  async get({ modelPath, template }: EncodeSettings): Promise<LiveModelRef> {
    const named = template.kind === "own" && template.name !== undefined ? { templateName: template.name } : {};
    const asked: Asked = { modelPath, ownTemplate: template.kind === "own", ...named };
    const key = JSON.stringify(asked);
    const kept = this.#kept.get(key) ?? this.#keep(key, asked);
    const ref = await kept.model;
    // The worker has forgotten it for the sake of others.
    if (ref.tokenizer !== null && !this.client.knows(ref.tokenizer)) return this.#keep(key, asked).model;
    if (performance.now() - kept.at > FRESH_MS) void this.#renew(key, kept, asked);
    return ref;
  }

  #keep(key: string, asked: Asked): Kept {
    const kept = { model: this.#load(asked), at: performance.now() };
    this.#kept.set(key, kept);
    kept.model.catch(() => this.#kept.delete(key));
    return kept;
  }

  async #renew(key: string, kept: Kept, asked: Asked): Promise<void> {
    kept.at = performance.now();
    const before = JSON.stringify(await kept.model);
    const after = await this.#load(asked).catch(() => undefined);
    if (after && JSON.stringify(after) === before) return;
    this.#kept.delete(key);
    this.#version += 1;
  }

  async #load(asked: Asked): Promise<LiveModelRef> {
    const { modelPath } = asked;
    const known = this.#hashes.get(modelPath);
    const has = known !== undefined && this.client.knows(known);
    try {
      const { tokenizer, ...rest } = await core.live.model({ ...asked, ...(has ? { known } : {}) });
      if (tokenizer) {
        this.client.learn(tokenizer);
        this.#hashes.set(modelPath, tokenizer.hash);
      }
      return { modelPath, tokenizer: tokenizer?.hash ?? null, ...rest };
    } catch (error) {
      if (!(error instanceof NotLiveError) && reportOf(error).code === "live-too-large") throw new NotLiveError("size");
      throw error;
    }
  }
}

export const liveModels = new LiveModels();
