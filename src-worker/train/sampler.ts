import { batchUnits, packRows } from "#shared/text/packing.ts";
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
    this.units = makeUnits(rowLengths, settings);
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
function makeUnits(lengths: readonly number[], settings: SamplerSettings): readonly BatchUnit[] {
  const { packing, maxLength, shuffle, seed } = settings;
  const rows = [...lengths.keys()];
  if (!packing || shuffle) {
    const order = packing ? shuffled(rows, randomStream(seed, "blocks")) : rows;
    return batchUnits(lengths, order, { packing, maxLength });
  }
  return consecutiveBlocks(lengths, maxLength);
}

/** Blocks of neighbouring rows. A row longer than a block raises the limit to its own length. */
export function consecutiveBlocks(lengths: readonly number[], maxLength: number): readonly BatchUnit[] {
  const longest = lengths.reduce((most, length) => Math.max(most, length), maxLength);
  return packRows(lengths, { maxLength: longest, openBlocks: 1 });
}
