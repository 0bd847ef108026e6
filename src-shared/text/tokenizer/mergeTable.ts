/** Merges of a byte-pair encoding by their two ids: an open-addressed hash table in typed arrays, far faster than a Map of pairs. */
export class MergeTable {
  private readonly mask: number;
  private readonly lefts: Int32Array;
  private readonly rights: Int32Array;
  private readonly ranks: Int32Array;
  private readonly merged: Int32Array;

  constructor(count: number) {
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(16, count * 2)));
    this.mask = capacity - 1;
    this.lefts = new Int32Array(capacity).fill(-1);
    this.rights = new Int32Array(capacity);
    this.ranks = new Int32Array(capacity);
    this.merged = new Int32Array(capacity);
  }

  /** The first of two equal pairs counts. */
  add(left: number, right: number, value: { rank: number; merged: number }): void {
    const slot = this.find(left, right);
    if (this.lefts[slot] !== -1) return;
    this.lefts[slot] = left;
    this.rights[slot] = right;
    this.ranks[slot] = value.rank;
    this.merged[slot] = value.merged;
  }

  /** Slot of a pair for `rankAt` and `mergedAt`; -1 where the two do not merge. */
  slot(left: number, right: number): number {
    const slot = this.find(left, right);
    return this.lefts[slot] === -1 ? -1 : slot;
  }

  rankAt(slot: number): number {
    return this.ranks[slot] ?? 0;
  }

  mergedAt(slot: number): number {
    return this.merged[slot] ?? 0;
  }

  private find(left: number, right: number): number {
    const { lefts, rights, mask } = this;
    let slot = (Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b)) >>> 0;
    slot = (slot ^ (slot >>> 15)) & mask;
    while (lefts[slot] !== -1 && (lefts[slot] !== left || rights[slot] !== right)) slot = (slot + 1) & mask;
    return slot;
  }
}
