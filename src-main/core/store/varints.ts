const SEVEN_BITS = 0x7f;
const MORE = 0x80;

/** Whole numbers from 0 to 2³¹ − 1 in little room: seven bits a byte, the highest bit set where more follow (LEB128). */
export class VarintWriter {
  #bytes = new Uint8Array(64);
  #length = 0;

  push(value: number): void {
    let rest = value;
    do {
      const next = rest >>> 7;
      this.#byte((rest & SEVEN_BITS) | (next > 0 ? MORE : 0));
      rest = next;
    } while (rest > 0);
  }

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #byte(byte: number): void {
    if (this.#length === this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#bytes.length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.#length++] = byte;
  }
}

export function* readVarints(bytes: Uint8Array): Generator<number, void> {
  let value = 0;
  let shift = 0;
  for (const byte of bytes) {
    value |= (byte & SEVEN_BITS) << shift;
    shift += 7;
    if (byte & MORE) continue;
    yield value;
    value = shift = 0;
  }
}
