/** Entries of a slot: left id, right id, rank, merged id. They lie together, so that a lookup touches one cache line. */
const WIDTH = 4;

/** Merges of a byte-pair encoding by their two ids: an open-addressed hash table in one typed array, far faster than a Map of pairs. */
export class MergeTable {
  private readonly mask: number;
  private readonly slots: Int32Array;

  constructor(count: number) {
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(16, count * 2)));
    this.mask = capacity - 1;
    this.slots = new Int32Array(capacity * WIDTH).fill(-1);
  }

  /** The first of two equal pairs counts. */
  add(left: number, right: number, value: { rank: number; merged: number }): void {
    const at = this.find(left, right);
    if (this.slots[at] !== -1) return;
    this.slots.set([left, right, value.rank, value.merged], at);
  }

  /** Place of a pair for `rankAt` and `mergedAt`; -1 where the two do not merge. */
  slot(left: number, right: number): number {
    const at = this.find(left, right);
    return this.slots[at] === -1 ? -1 : at;
  }

  rankAt(slot: number): number {
    return this.slots[slot + 2] ?? 0;
  }

  mergedAt(slot: number): number {
    return this.slots[slot + 3] ?? 0;
  }

  private find(left: number, right: number): number {
    const { slots, mask } = this;
    let slot = (Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b)) >>> 0;
    slot = (slot ^ (slot >>> 15)) & mask;
    for (;;) {
      const at = slot * WIDTH;
      const found = slots[at];
      if (found === -1 || (found === left && slots[at + 1] === right)) return at;
      slot = (slot + 1) & mask;
    }
  }
}
