import { MergeTable } from "./mergeTable.ts";

/** Texts by their code units, to find every one that begins at a place. A node is a number; its children lie in one hash table. */
export class UnitTrie {
  private readonly children: MergeTable;
  /** Value of the text that ends at a node, -1 for none. */
  private readonly values: Int32Array;

  /** @param texts each with its place as value; of equal texts the last counts */
  constructor(texts: readonly string[]) {
    const nodes = countPrefixes(texts) + 1;
    this.children = new MergeTable(nodes);
    this.values = new Int32Array(nodes).fill(-1);
    let used = 1;
    for (const [value, text] of texts.entries()) {
      let node = 0;
      for (let i = 0; i < text.length; i++) {
        const next = this.child(node, text.charCodeAt(i));
        if (next < 0) this.children.add(node, text.charCodeAt(i), { rank: 0, merged: used });
        node = next < 0 ? used++ : next;
      }
      if (text !== "") this.values[node] = value;
    }
  }

  /** Calls `found` with the end and the value of each text that stands at `from`, the shortest first. */
  findAll(text: string, from: number, found: (end: number, value: number) => void): void {
    let node = 0;
    for (let at = from; at < text.length; at++) {
      node = this.child(node, text.charCodeAt(at));
      if (node < 0) return;
      const value = this.values[node] ?? -1;
      if (value >= 0) found(at + 1, value);
    }
  }

  private child(node: number, unit: number): number {
    const slot = this.children.slot(node, unit);
    return slot < 0 ? -1 : this.children.mergedAt(slot);
  }
}

/** How many different beginnings the texts have, without the empty one. */
function countPrefixes(texts: readonly string[]): number {
  const sorted = [...texts].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  let count = 0;
  sorted.forEach((text, i) => {
    const before = sorted[i - 1] ?? "";
    let shared = 0;
    while (shared < text.length && shared < before.length && text.charCodeAt(shared) === before.charCodeAt(shared))
      shared++;
    count += text.length - shared;
  });
  return count;
}
