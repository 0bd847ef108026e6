/** Entries of a slot: left id, right id, rank, merged id. They lie together, so that a lookup touches one cache line. */
const WIDTH = 4;

/** Merges of a byte-pair encoding by their two ids: an open-addressed hash table in one typed array, far faster than a Map of pairs. */
export class MergeTable {
  private readonly mask: number;
  private readonly slots: Int32Array;
  /** A bit for each of 8 · capacity hashes: most pairs of text do not merge, and this stays in the processor's cache. */
  private readonly present: Uint8Array;

  constructor(count: number) {
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(16, count * 2)));
    this.mask = capacity - 1;
    this.slots = new Int32Array(capacity * WIDTH).fill(-1);
    this.present = new Uint8Array(capacity);
  }

  /** The first of two equal pairs counts. */
  add(left: number, right: number, value: { rank: number; merged: number }): void {
    const { slots, present, mask } = this;
    const hash = hashOf(left, right);
    const at = this.find(left, right, hash);
    if (slots[at] !== -1) return;
    present[(hash >>> 3) & mask] = (present[(hash >>> 3) & mask] ?? 0) | (1 << (hash & 7));
    slots[at] = left;
    slots[at + 1] = right;
    slots[at + 2] = value.rank;
    slots[at + 3] = value.merged;
  }

  /** Place of a pair for `rankAt` and `mergedAt`; -1 where the two do not merge. */
  slot(left: number, right: number): number {
    const hash = hashOf(left, right);
    if (((this.present[(hash >>> 3) & this.mask] ?? 0) & (1 << (hash & 7))) === 0) return -1;
    const at = this.find(left, right, hash);
    return this.slots[at] === -1 ? -1 : at;
  }

  rankAt(slot: number): number {
    return this.slots[slot + 2] ?? 0;
  }

  mergedAt(slot: number): number {
    return this.slots[slot + 3] ?? 0;
  }

  /** Whether an id that merges on either side is such. */
  someSide(test: (id: number) => boolean): boolean {
    const { slots } = this;
    for (let at = 0; at < slots.length; at += WIDTH) {
      if (slots[at] !== -1 && (test(slots[at] ?? -1) || test(slots[at + 1] ?? -1))) return true;
    }
    return false;
  }

  private find(left: number, right: number, hash: number): number {
    const { slots, mask } = this;
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const at = slot * WIDTH;
      const found = slots[at];
      if (found === -1 || (found === left && slots[at + 1] === right)) return at;
      slot = (slot + 1) & mask;
    }
  }
}

const hashOf = (left: number, right: number): number =>
  (Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b)) >>> 0;
