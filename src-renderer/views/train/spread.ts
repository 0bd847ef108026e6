/** Three places spread over `total` rows, others for each `draw`; fewer where there are fewer rows. */
export function spread(total: number, draw: number): number[] {
  const count = Math.min(3, total);
  // The golden ratio's multiples fill an interval evenly, whatever their number.
  const shift = (draw * 0.618033988749895) % 1;
  const places = Array.from(
    { length: count },
    (_, at) => Math.floor(((at + shift) / count) * total) % Math.max(1, total),
  );
  return [...new Set(places)].sort((a, b) => a - b);
}
