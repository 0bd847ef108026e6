import { readVarints, VarintWriter } from "./varints.ts";

/** Ascending positions, each as its distance from the one before: a class that every row is in takes a byte a row. */
export class PackedPositions {
  readonly #writer = new VarintWriter();
  #last = -1;

  /** One that is not behind the last is known already. */
  add(position: number): void {
    if (position <= this.#last) return;
    this.#writer.push(position - this.#last - 1);
    this.#last = position;
  }

  bytes(): Uint8Array {
    return this.#writer.bytes();
  }
}

export function unpackPositions(bytes: Uint8Array): number[] {
  const positions: number[] = [];
  let last = -1;
  for (const distance of readVarints(bytes)) positions.push((last += distance + 1));
  return positions;
}

/** Rows that a run would train, as packing sees them, column by column. A row that is split is there once a piece. */
export interface PieceColumns {
  /** Positions in the version, ascending. */
  readonly index: Int32Array;
  readonly tokens: Int32Array;
  /** Counted after the shift. */
  readonly supervised: Int32Array;
}

/** Pieces in order of their rows: four or five bytes each. */
export class PackedPieces {
  readonly #writer = new VarintWriter();
  #last = 0;
  #count = 0;

  /** @param pieces three numbers each: position, tokens, supervised tokens */
  add(pieces: Int32Array): void {
    for (let i = 0; i + 2 < pieces.length; i += 3) {
      const index = pieces[i] ?? 0;
      this.#writer.push(index - this.#last);
      this.#writer.push(pieces[i + 1] ?? 0);
      this.#writer.push(pieces[i + 2] ?? 0);
      this.#last = index;
      this.#count += 1;
    }
  }

  get count(): number {
    return this.#count;
  }

  bytes(): Uint8Array {
    return this.#writer.bytes();
  }
}

export function unpackPieces(bytes: Uint8Array, count: number): PieceColumns {
  const [index, tokens, supervised] = [new Int32Array(count), new Int32Array(count), new Int32Array(count)];
  let at = 0;
  let last = 0;
  for (const value of readVarints(bytes)) {
    const piece = Math.floor(at / 3);
    if (at % 3 === 0) index[piece] = last += value;
    else if (at % 3 === 1) tokens[piece] = value;
    else supervised[piece] = value;
    at += 1;
  }
  return { index, tokens, supervised };
}
