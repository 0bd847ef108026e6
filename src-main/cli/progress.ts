/** A line on stderr that is drawn over: only where a person looks at it; elsewhere nothing is printed. */
export class ProgressLine {
  readonly #live = process.stderr.isTTY;
  #drawn = 0;

  draw(text: string): void {
    if (!this.#live || performance.now() - this.#drawn < 100) return;
    this.#drawn = performance.now();
    const width = Math.max(20, process.stderr.columns - 1);
    process.stderr.write(`\r\u001b[2K${text.slice(0, width)}`);
  }

  clear(): void {
    if (this.#live) process.stderr.write("\r\u001b[2K");
    this.#drawn = 0;
  }
}

/** `[#####-----]`, share from 0 to 1. */
export function bar(share: number, cells = 24): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * cells);
  return `[${"#".repeat(full)}${"-".repeat(cells - full)}]`;
}

/** `1 h 02 min`, `3 min 20 s`, `45 s`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole >= 3600) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
  return whole >= 60 ? `${Math.floor(whole / 60)} min ${two(whole % 60)} s` : `${whole} s`;
}
