import type { BatchUnit } from "./sampler.ts";

/**
 * Blocks of at most `maxLength` tokens made of whole rows, in the given order: a row opens a new block where it does not fit
 * into the last one. A row longer than that is a block of its own.
 */
export function consecutiveBlocks(
  order: readonly number[],
  lengths: readonly number[],
  maxLength: number,
): BatchUnit[] {
  const blocks: number[][] = [];
  let filled = Infinity;
  for (const row of order) {
    const length = lengths[row] ?? 0;
    if (filled + length > maxLength) {
      blocks.push([]);
      filled = 0;
    }
    blocks.at(-1)?.push(row);
    filled += length;
  }
  return blocks;
}

/**
 * The same where order is free: each row goes into the fullest block that still takes it (online best fit, which wastes a few
 * percent at most on conversation lengths). `room[n]` lists the blocks with n tokens of room.
 */
export function bestFitBlocks(order: readonly number[], lengths: readonly number[], maxLength: number): BatchUnit[] {
  const blocks: number[][] = [];
  const room: number[][] = Array.from({ length: maxLength + 1 }, () => []);
  for (const row of order) {
    const length = Math.min(lengths[row] ?? 0, maxLength);
    let free = length;
    while (free < maxLength && room[free]?.length === 0) free++;
    const open = room[free]?.pop();
    const block = open ?? blocks.length;
    if (open === undefined) blocks.push([]);
    blocks[block]?.push(row);
    room[(open === undefined ? maxLength : free) - length]?.push(block);
  }
  return blocks;
}
