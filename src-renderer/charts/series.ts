/** One line of a chart: `x` ascending, `y` of the same length. */
export interface Series {
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly kind?: "line" | "faint" | "dashed" | "points";
  /** Index into the theme's series colours; its place in the list where it is left out. */
  readonly colour?: number;
}

type Column = (number | null)[];

/** The series on one common x axis: [x, y of the first, y of the second, …], null where a series has no point or no finite value. */
export function alignSeries(series: readonly Series[]): [number[], ...Column[]] {
  const all = new Set<number>();
  for (const each of series) for (const x of each.x) all.add(x);
  const xs = [...all].sort((a, b) => a - b);
  const columns = series.map((each) => {
    const at = new Map(each.x.map((x, index) => [x, each.y[index]]));
    return xs.map((x) => {
      const y = at.get(x);
      return y !== undefined && Number.isFinite(y) ? y : null;
    });
  });
  return [xs, ...columns];
}

/** Exponential moving average, corrected at the start as in TensorBoard; `weight` in 0…1, NaN is passed over. */
export function smooth(values: readonly number[], weight: number): number[] {
  let last = 0;
  let seen = 0;
  return values.map((value) => {
    if (!Number.isFinite(value)) return value;
    seen += 1;
    last = last * weight + value * (1 - weight);
    return weight === 0 ? value : last / (1 - weight ** seen);
  });
}
