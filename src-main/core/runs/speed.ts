import type { ProgressTotals } from "../store/progress.ts";

/** What the estimate of the time left is made of. */
export interface SpeedSample {
  /** Wall seconds of finished steps, evaluation and checkpoints excluded, oldest first. */
  readonly stepSeconds: readonly number[];
  readonly remainingSteps: number;
  /** Seconds that evaluations took so far, and how many are to come. */
  readonly evaluations: Pauses;
  readonly saves: Pauses;
}
export interface Pauses {
  readonly seconds: readonly number[];
  readonly remaining: number;
  /** Taken while none has been measured. */
  readonly guessSeconds: number;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Steps that a pace is made of at least. */
const PACE_STEPS = 10;

/**
 * The newer half of the steps, so that a machine that got other work to do is noticed. The first step warms caches and
 * allocates: it is left out as soon as there are others.
 */
function settled(seconds: readonly number[]): readonly number[] {
  const warm = seconds.length > 2 ? seconds.slice(1) : seconds;
  return warm.slice(-Math.max(PACE_STEPS, Math.ceil(warm.length / 2)));
}

const pauseSeconds = ({ seconds, remaining, guessSeconds }: Pauses): number =>
  remaining * (seconds.length > 0 ? mean(seconds) : guessSeconds);

/** Seconds until the run ends: remaining steps at the mean pace so far, and the evaluations and checkpoints to come. Null before the first step. */
export function secondsLeft(sample: SpeedSample): number | null {
  if (sample.stepSeconds.length === 0) return null;
  return (
    sample.remainingSteps * mean(settled(sample.stepSeconds)) +
    pauseSeconds(sample.evaluations) +
    pauseSeconds(sample.saves)
  );
}

/** How many of the steps in (after, to] a pause every `every` steps falls on, the last step always. */
export function pausesBetween(after: number, to: number, every: number | null): number {
  if (to <= after) return 0;
  if (every === null || every <= 0) return 1;
  return Math.floor(to / every) - Math.floor(after / every) + (to % every === 0 ? 0 : 1);
}

/** Real tokens a second, and supervised ones; null before the first step. */
export function tokenRates({ tokens, supervisedTokens, seconds }: ProgressTotals): {
  tokensPerSecond: number | null;
  supervisedTokensPerSecond: number | null;
} {
  if (seconds <= 0) return { tokensPerSecond: null, supervisedTokensPerSecond: null };
  return { tokensPerSecond: tokens / seconds, supervisedTokensPerSecond: supervisedTokens / seconds };
}
