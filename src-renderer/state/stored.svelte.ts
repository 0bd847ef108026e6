import * as v from "valibot";

function read<T>(key: string, schema: v.GenericSchema<unknown, T>, fallback: T): T {
  try {
    const text = localStorage.getItem(key);
    if (text === null) return fallback;
    const parsed = v.safeParse(schema, JSON.parse(text));
    return parsed.success ? parsed.output : fallback;
  } catch {
    return fallback;
  }
}

/**
 * A value that survives a reload: form drafts, selections, layout. Checked by its schema when read, so that an older
 * version's leftovers fall back instead of breaking a view. Write through `value`; deep changes are seen too.
 */
export class Stored<T> {
  readonly #key: string;
  #value: T;

  constructor(key: string, schema: v.GenericSchema<unknown, T>, fallback: T) {
    this.#key = `sift.${key}`;
    this.#value = $state(read(this.#key, schema, fallback));
  }

  get value(): T {
    return this.#value;
  }

  set value(next: T) {
    this.#value = next;
    try {
      localStorage.setItem(this.#key, JSON.stringify(next));
    } catch {
      // A full or forbidden storage costs the draft after a reload, nothing else.
    }
  }
}
