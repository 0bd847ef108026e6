const SEVEN_BITS = 0x7f;
const MORE = 0x80;

/**
 * Ascending positions in little room: each as its distance from the one before, seven bits a byte, the highest bit set where more
 * follow (LEB128). A class that every row is in takes a byte a row.
 */
export class PackedPositions {
  #bytes = new Uint8Array(64);
  #length = 0;
  #last = -1;

  /** One that is not behind the last is known already. */
  add(position: number): void {
    if (position <= this.#last) return;
    let distance = position - this.#last - 1;
    this.#last = position;
    do {
      const rest = distance >>> 7;
      this.#push((distance & SEVEN_BITS) | (rest > 0 ? MORE : 0));
      distance = rest;
    } while (distance > 0);
  }

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #push(byte: number): void {
    if (this.#length === this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#bytes.length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.#length++] = byte;
  }
}

export function unpackPositions(bytes: Uint8Array): number[] {
  const positions: number[] = [];
  let last = -1;
  let distance = 0;
  let shift = 0;
  for (const byte of bytes) {
    distance |= (byte & SEVEN_BITS) << shift;
    shift += 7;
    if (byte & MORE) continue;
    last += distance + 1;
    positions.push(last);
    distance = shift = 0;
  }
  return positions;
}
