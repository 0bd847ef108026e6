export const STEPS = ["import", "check", "train", "compare"] as const;
export type Step = (typeof STEPS)[number];

export interface Progress {
  readonly datasets: number;
  /** The chosen data, template and mask have a proof. */
  readonly proven: boolean;
  /** Runs that have ended well. */
  readonly doneRuns: number;
}

/** The steps that are behind the user; the first one that is not is the next. */
export function stepsDone({ datasets, proven, doneRuns }: Progress): readonly Step[] {
  const done: Record<Step, boolean> = {
    import: datasets > 0,
    check: proven || doneRuns > 0,
    train: doneRuns > 0,
    compare: false,
  };
  return STEPS.filter((step) => done[step]);
}

const BYTES_A_PARAMETER = 5;
const FIXED_BYTES = 3.5e9;

/**
 * A rough guide, and shown as an estimate: parameters of the largest model whose adapter training should fit. Float32
 * weights with a quarter on top for adapters, activations and copies, and a fixed part for attention and the softmax.
 * Undefined when even small models are in doubt.
 */
export function fittingParameters(freeBytes: number): number | undefined {
  const parameters = (freeBytes - FIXED_BYTES) / BYTES_A_PARAMETER;
  return parameters > 5e7 ? parameters : undefined;
}
