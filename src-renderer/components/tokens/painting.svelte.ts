import type { RowDetail } from "#shared/contract/datasets.ts";
import type { ContentRange, Refusal } from "./content-map.ts";

/** Sends one painted span to the row; answers whether it worked. */
type Send = (rowId: string, message: number, span: { start: number; end: number; weight: number }) => Promise<boolean>;

/** What is chosen to be painted, and painting it. */
export class Painting {
  readonly #detail: () => RowDetail | undefined;
  readonly #send: Send;
  #ranges = $state.raw<readonly ContentRange[]>([]);
  #refusal = $state.raw<Refusal | undefined>();

  constructor(parts: { detail: () => RowDetail | undefined; send: Send }) {
    this.#detail = parts.detail;
    this.#send = parts.send;
  }

  /** Chosen characters of contents. */
  get ranges(): readonly ContentRange[] {
    return this.#ranges;
  }
  /** Why what is chosen cannot be painted. */
  get refusal(): Refusal | undefined {
    return this.#refusal;
  }
  get open(): boolean {
    return this.#ranges.length > 0 || this.#refusal !== undefined;
  }
  get characters(): number {
    return this.#ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  }

  choose(chosen: readonly ContentRange[] | Refusal): void {
    const refused = typeof chosen === "string";
    this.#ranges = refused ? [] : chosen.filter(({ start, end }) => end > start);
    this.#refusal = refused ? chosen : undefined;
  }
  clear(): void {
    this.choose([]);
  }

  /** The weight that the chosen characters have now, where they all have the same one. */
  get weight(): number | undefined {
    const weights = this.#ranges.flatMap(({ message, start, end }) => {
      const spans = this.#spans(message).filter((span) => span.start < end && span.end > start);
      const covered = spans.reduce((sum, span) => sum + Math.min(end, span.end) - Math.max(start, span.start), 0);
      return [...spans.map((span) => span.weight), ...(covered < end - start ? [1] : [])];
    });
    return weights.every((weight) => weight === weights[0]) ? weights[0] : undefined;
  }

  /** Whether the chosen turns have paint. */
  get painted(): boolean {
    return this.#ranges.some(({ message }) => this.#spans(message).length > 0);
  }

  async paint(weight: number): Promise<void> {
    const detail = this.#detail();
    if (!detail) return;
    for (const { message, start, end } of this.#ranges) await this.#send(detail.id, message, { start, end, weight });
  }

  /** Takes the paint off the chosen turns. */
  async clearTurns(): Promise<void> {
    const detail = this.#detail();
    if (detail?.row.kind !== "conversation") return;
    const messages = this.#ranges.map((range) => range.message);
    for (const message of messages.filter((each, at) => messages.indexOf(each) === at)) {
      const content = detail.row.conversation.messages[message]?.content;
      if (typeof content !== "string" || content === "") continue;
      await this.#send(detail.id, message, { start: 0, end: content.length, weight: 1 });
    }
  }

  #spans(message: number): readonly { start: number; end: number; weight: number }[] {
    const row = this.#detail()?.row;
    return (row?.kind === "conversation" ? row.conversation.messages[message]?.spans : undefined) ?? [];
  }
}
