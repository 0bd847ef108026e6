import { bestFitBlocks, consecutiveBlocks } from "./blocks.ts";
import { randomStream, shuffled } from "./random.ts";

/** Rows that a micro-batch takes together: one row, or with packing a block of whole rows. */
export type BatchUnit = readonly number[];

export interface SamplerSettings {
  readonly packing: boolean;
  readonly maxLength: number;
  readonly shuffle: boolean;
  readonly seed: number;
  /** Units of one micro-batch, and micro-batches of one step. */
  readonly batchSize: number;
  readonly accumulation: number;
}

/** Where step k takes its rows from; any step is found again from its number alone. */
export interface StepRows {
  readonly epoch: number;
  /** [accumulation][rows] */
  readonly microBatches: readonly BatchUnit[];
}

/**
 * The order of the data. With packing the blocks are made once (so that every epoch has as many steps) and take a new order
 * each epoch; without, rows do. `shuffle: false` keeps the file's order.
 */
export class Sampler {
  readonly units: readonly BatchUnit[];
  readonly stepsPerEpoch: number;
  readonly #settings: SamplerSettings;
  #epoch: { readonly number: number; readonly order: readonly BatchUnit[] } | undefined;

  constructor(rowLengths: readonly number[], settings: SamplerSettings) {
    this.#settings = settings;
    this.units = settings.packing ? packBlocks(rowLengths, settings) : rowLengths.map((_, row) => [row]);
    this.stepsPerEpoch = Math.max(1, Math.ceil(this.units.length / (settings.batchSize * settings.accumulation)));
  }

  /** Rows of step k = 0, 1, …; the last step of an epoch takes what is left. */
  step(step: number): StepRows {
    const { batchSize, accumulation } = this.#settings;
    const epoch = Math.floor(step / this.stepsPerEpoch);
    const first = (step % this.stepsPerEpoch) * batchSize * accumulation;
    const units = this.#order(epoch).slice(first, first + batchSize * accumulation);
    const microBatches: BatchUnit[] = [];
    for (let i = 0; i < units.length; i += batchSize) microBatches.push(units.slice(i, i + batchSize).flat());
    return { epoch, microBatches };
  }

  #order(epoch: number): readonly BatchUnit[] {
    if (!this.#settings.shuffle) return this.units;
    if (this.#epoch?.number !== epoch) {
      const random = randomStream(this.#settings.seed, "order", epoch);
      this.#epoch = { number: epoch, order: shuffled(this.units, random) };
    }
    return this.#epoch.order;
  }
}

/** In the file's order, or mixed by the seed so that a block is not made of neighbours. */
function packBlocks(lengths: readonly number[], { shuffle, seed, maxLength }: SamplerSettings): readonly BatchUnit[] {
  const rows = lengths.map((_, row) => row);
  if (!shuffle) return consecutiveBlocks(rows, lengths, maxLength);
  return bestFitBlocks(shuffled(rows, randomStream(seed, "blocks")), lengths, maxLength);
}
