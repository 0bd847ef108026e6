import type { MergeTable } from "./mergeTable.ts";
import { MinHeap } from "./minHeap.ts";

/** Above any rank: a pair that does not merge. */
const NO_RANK = 0x7fffffff;
/** Pairs whose lowest rank is remembered together: 16. */
const BLOCK_BITS = 4;
/** Up to here looking through the blocks for the lowest rank is faster than keeping a heap of pairs. */
const SCANNED_SYMBOLS = 2048;
/** Positions in a heap key; ranks stand above them. */
const POSITIONS = 2 ** 26;

/**
 * The symbols of one piece while pairs of them are merged: the lowest rank first, the leftmost among equals. One object serves
 * every piece after the other; its arrays grow to the longest.
 */
export class PieceMerger {
  private readonly merges: MergeTable;
  /** Symbols so far; columns have at least that many entries. */
  length = 0;
  ids = new Int32Array(256);
  starts = new Int32Array(256);
  ends = new Int32Array(256);
  /** Slot of the merge with the next symbol, and its rank. */
  private slots = new Int32Array(256);
  private ranks = new Int32Array(256);
  /** Lowest rank of each block. */
  private lowest = new Int32Array(256 >> BLOCK_BITS);
  private next = new Int32Array(256);
  private previous = new Int32Array(256);

  constructor(merges: MergeTable) {
    this.merges = merges;
  }

  push(id: number, start: number, end: number): void {
    if (this.length === this.ids.length) this.grow();
    const at = this.length++;
    this.ids[at] = id;
    this.starts[at] = start;
    this.ends[at] = end;
  }

  mergeAll(): void {
    if (this.length <= SCANNED_SYMBOLS) this.mergeScanning();
    else this.mergeWithHeap();
  }

  /** Looks for the lowest rank among the lowest of each block. */
  private mergeScanning(): void {
    const { merges, ids, ends, slots, ranks, next, previous, length } = this;
    for (let at = 0; at < length; at++) {
      next[at] = at + 1 < length ? at + 1 : -1;
      previous[at] = at - 1;
      this.lookUp(at, next[at] ?? -1);
    }
    const blocks = ((length - 1) >> BLOCK_BITS) + 1;
    ranks.fill(NO_RANK, length, blocks << BLOCK_BITS);
    for (let block = 0; block < blocks; block++) this.findLowest(block);
    for (let at = this.lowestPair(blocks); at >= 0; at = this.lowestPair(blocks)) {
      const right = next[at] ?? -1;
      ids[at] = merges.mergedAt(slots[at] ?? 0);
      ends[at] = ends[right] ?? 0;
      ids[right] = -1;
      this.setRank(right, NO_RANK);
      const after = next[right] ?? -1;
      next[at] = after;
      if (after >= 0) previous[after] = at;
      const before = previous[at] ?? -1;
      if (before >= 0) this.update(before, at);
      this.update(at, after);
    }
    this.dropMerged();
  }

  /** The leftmost of the pairs with the lowest rank, -1 where none merges. */
  private lowestPair(blocks: number): number {
    const { lowest, ranks } = this;
    let best = NO_RANK;
    let block = -1;
    for (let i = 0; i < blocks; i++) {
      const rank = lowest[i] ?? NO_RANK;
      if (rank < best) [best, block] = [rank, i];
    }
    if (block < 0) return -1;
    let at = block << BLOCK_BITS;
    while (ranks[at] !== best) at++;
    return at;
  }

  private findLowest(block: number): void {
    const { ranks } = this;
    const end = (block + 1) << BLOCK_BITS;
    let best = NO_RANK;
    for (let at = block << BLOCK_BITS; at < end; at++) {
      const rank = ranks[at] ?? NO_RANK;
      if (rank < best) best = rank;
    }
    this.lowest[block] = best;
  }

  private update(at: number, right: number): void {
    const old = this.ranks[at] ?? NO_RANK;
    this.lookUp(at, right);
    this.changed(at, old);
  }

  private setRank(at: number, rank: number): void {
    const old = this.ranks[at] ?? NO_RANK;
    this.ranks[at] = rank;
    this.changed(at, old);
  }

  private changed(at: number, old: number): void {
    const block = at >> BLOCK_BITS;
    const rank = this.ranks[at] ?? NO_RANK;
    const best = this.lowest[block] ?? NO_RANK;
    if (rank <= best) this.lowest[block] = rank;
    else if (old === best) this.findLowest(block);
  }

  private lookUp(at: number, right: number): void {
    const slot = right < 0 ? -1 : this.merges.slot(this.ids[at] ?? -1, this.ids[right] ?? -1);
    this.slots[at] = slot;
    this.ranks[at] = slot < 0 ? NO_RANK : this.merges.rankAt(slot);
  }

  /** Pairs wait in a heap by rank, then position; one that has changed meanwhile is passed over when it comes up. */
  private mergeWithHeap(): void {
    const { merges, ids, ends, next, previous, length } = this;
    for (let at = 0; at < length; at++) [next[at], previous[at]] = [at + 1 < length ? at + 1 : -1, at - 1];
    const heap = new MinHeap();
    const offer = (at: number): void => {
      const right = next[at] ?? -1;
      if (at < 0 || right < 0) return;
      const slot = merges.slot(ids[at] ?? -1, ids[right] ?? -1);
      if (slot >= 0) heap.push(merges.rankAt(slot) * POSITIONS + at);
    };
    for (let at = 0; at < length - 1; at++) offer(at);
    for (let key = heap.pop(); key !== undefined; key = heap.pop()) {
      const at = key % POSITIONS;
      const right = next[at] ?? -1;
      if (right < 0 || (ids[at] ?? -1) < 0) continue;
      const slot = merges.slot(ids[at] ?? -1, ids[right] ?? -1);
      // Something else was merged here since the pair was offered.
      if (slot < 0 || merges.rankAt(slot) !== Math.floor(key / POSITIONS)) continue;
      ids[at] = merges.mergedAt(slot);
      ends[at] = ends[right] ?? 0;
      ids[right] = -1;
      const after = next[right] ?? -1;
      next[at] = after;
      if (after >= 0) previous[after] = at;
      offer(previous[at] ?? -1);
      offer(at);
    }
    this.dropMerged();
  }

  /** A merged-away symbol has id -1. */
  private dropMerged(): void {
    let kept = 0;
    for (let at = 0; at < this.length; at++) {
      if (this.ids[at] === -1) continue;
      this.ids[kept] = this.ids[at] ?? 0;
      this.starts[kept] = this.starts[at] ?? 0;
      this.ends[kept] = this.ends[at] ?? 0;
      kept++;
    }
    this.length = kept;
  }

  private grow(): void {
    const larger = (column: Int32Array): Int32Array<ArrayBuffer> => {
      const grown = new Int32Array(2 * column.length);
      grown.set(column);
      return grown;
    };
    this.ids = larger(this.ids);
    this.starts = larger(this.starts);
    this.ends = larger(this.ends);
    this.slots = larger(this.slots);
    this.ranks = larger(this.ranks);
    this.lowest = larger(this.lowest);
    this.next = larger(this.next);
    this.previous = larger(this.previous);
  }
}
