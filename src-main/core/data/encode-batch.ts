import type { EncodeSettings } from "#shared/contract/text.ts";
import { toErrorReport, type ErrorReport } from "#shared/errors.ts";
import {
  exampleOf,
  IGNORE,
  LeastTrained,
  LengthCounter,
  examplesKept,
  parseRowText,
  prefixDiffers,
  ProofAccumulator,
  TurnFinder,
  type EncodedRow,
  type FindingClass,
  type FindingExample,
  type ParsedRow,
  type RowEncoder,
} from "#shared/text/index.ts";
import { settingsFindings } from "../text/departures.ts";
import { openCoder, type EncodedAll, type RowCoder } from "../text/encoding.ts";
import { applyReview } from "./effective.ts";
import { EncodedCache } from "./encoded-cache.ts";
import { RowsEncoder } from "./encode-rows.ts";
import type { EncodedPiece, EncodeSpec, ResultOf, ThreadResult, ThreadRow } from "./thread-protocol.ts";

/** Classes that stop a run: it would train nothing, the wrong thing, or not all of what it was given. */
const BLOCKING: ReadonlySet<FindingClass> = new Set([
  "no-scored-token",
  "untrained-end-of-turn",
  "role-leak",
  "everything-scored",
  "unencodable",
]);

/** What a thread of the pool does with a batch. @throws SiftError of the template, the tokenizer or the model folder */
export function encodeWith<Want extends keyof ResultOf>(
  spec: EncodeSpec & { readonly want: Want },
): (rows: readonly ThreadRow[]) => ResultOf[Want] {
  const { settings, want } = spec;
  const encoder = want === "lines" || want === "columns" ? new RowsEncoder(settings, want) : new BatchEncoder(spec);
  return (rows) => encoder.encode(rows) as ResultOf[Want];
}

/** Encodes batches of rows and judges each. */
export class BatchEncoder {
  readonly #coder: RowCoder;
  readonly #want: EncodeSpec["want"];
  readonly #choices: Choices;
  readonly #cache: EncodedCache | undefined;
  readonly #settings: EncodeSettings;
  #toldSettings = false;

  /** @throws SiftError of the template, the tokenizer or the model folder */
  constructor({ settings, want, cache, audit = false }: EncodeSpec) {
    this.#settings = settings;
    this.#coder = openCoder(countingCuts(settings));
    this.#cache = cache && this.#coder.hasTemplate ? EncodedCache.open(cache) : undefined;
    this.#want = want;
    this.#choices = {
      audit,
      turns: audit ? turnsOf(this.#coder) : undefined,
      cuts: settings.overLength !== undefined && settings.overLength !== "error",
      neverEnds: settings.maskOptions?.endOfTurn === "none",
    };
  }

  encode(rows: readonly ThreadRow[]): ThreadResult {
    const batch = new BatchResult(this.#coder, this.#choices, this.#want === "facts");
    for (const row of rows) this.#encodeRow(row, batch);
    this.#cache?.flush();
    const result = batch.result();
    if (this.#want !== "facts" || this.#toldSettings || result.rendered === 0) return result;
    this.#toldSettings = true; // here, where the tokenizer is at hand
    return { ...result, settingsFindings: settingsFindings(this.#settings) };
  }

  #encodeRow(row: ThreadRow, batch: BatchResult): void {
    if (row.error) return batch.fail(row, row.error);
    try {
      batch.add(row, this.#cache ? this.#throughCache(row, this.#cache) : this.#encoded(row));
    } catch (error) {
      batch.fail(row, toErrorReport(error));
    }
  }

  #encoded({ raw, review, index }: ThreadRow): MadeRow {
    const parsed = applyReview(parseRowText(raw), review);
    const encoded = this.#coder.encodeAll(parsed, index);
    const { shortened } = encoded;
    const used: ParsedRow = shortened ? { kind: "conversation", conversation: shortened } : parsed;
    // serving is asked for the whole conversation, so that the comparison is worth its second rendering in a proof only
    const differs = (piece: EncodedRow): boolean =>
      this.#want === "facts" && (this.#coder.encoder?.prefixDiffers(used, piece) ?? false);
    return { encoded, differs, parsed: () => used };
  }

  /** The same with what was kept of an earlier time; only labels are made anew. */
  #throughCache(row: ThreadRow, cache: EncodedCache): MadeRow {
    const { encoder } = this.#coder;
    if (!encoder) return this.#encoded(row);
    const key = cache.keyOf(row.raw, row.review);
    let kept = cache.get(key, row.index);
    if (!kept) {
      const parsed = applyReview(parseRowText(row.raw), row.review);
      if (parsed.kind !== "conversation") return this.#encoded(row);
      const tokenized = encoder.tokenize(parsed, row.index);
      if (tokenized.kind !== "conversation") return this.#encoded(row);
      const { conversation } = tokenized;
      kept = { conversation, promptEnds: encoder.promptEnds(parsed, conversation) };
      cache.add(key, kept);
    }
    const { conversation, promptEnds } = kept;
    const encoded = encoder.relabel({ kind: "conversation", conversation }, row.index);
    const differs = (piece: EncodedRow): boolean => this.#want === "facts" && prefixDiffers(piece, promptEnds);
    return { encoded, differs, parsed: () => applyReview(parseRowText(row.raw), row.review) };
  }
}

/** A row that is too long under `error` is cut and counted: the class then says how many there are, instead of the first one only. */
function countingCuts(settings: EncodeSettings): EncodeSettings {
  const counts = settings.maxLength !== undefined && (settings.overLength ?? "error") === "error";
  return counts ? { ...settings, overLength: "truncate" } : settings;
}

/** Of rows that came tokenised only what could not train stops a run; how they were labelled is their maker's choice. */
const isOurs = (name: FindingClass): boolean => !JUDGEMENTS.has(name);
const JUDGEMENTS: ReadonlySet<FindingClass> = new Set(["untrained-end-of-turn", "role-leak", "everything-scored"]);

const trainsNothing = (classes: readonly FindingClass[]): boolean => classes.includes("no-scored-token");

function turnsOf({ encoder }: RowCoder): TurnFinder | undefined {
  return encoder ? TurnFinder.of(encoder.tokenizer, encoder, encoder.stopIds) : undefined;
}

/** What was chosen, so that its consequence stops no run; and how rows that came tokenised are judged. */
interface Choices {
  readonly cuts: boolean;
  readonly audit: boolean;
  readonly turns: TurnFinder | undefined;
  readonly neverEnds: boolean;
}

/** An encoded row with what the proof asks of it. */
interface MadeRow {
  readonly encoded: EncodedAll;
  readonly differs: (piece: EncodedRow) => boolean;
  /** Asked for where an example of a finding needs it. */
  readonly parsed: () => ParsedRow;
}

/** Counted after the shift. */
function scoredTokens(labels: Int32Array): number {
  let count = 0;
  for (let i = 1; i < labels.length; i++) if (labels[i] !== IGNORE) count++;
  return count;
}

class BatchResult {
  readonly #accumulator: ProofAccumulator;
  readonly #choices: Choices;
  readonly #pieces: EncodedPiece[] = [];
  readonly #blocking = new Map<string, number>();
  #longest = 0;
  #rendered = 0;
  #firstError: ErrorReport | null = null;

  readonly #encoder: RowEncoder | null;
  readonly #facts: boolean;
  readonly #examples: Partial<Record<FindingClass, FindingExample[]>> = {};
  readonly #lengths = new LengthCounter();
  readonly #lengthsOfPieces: number[] = [];
  #neverEnding = 0;
  readonly #members: Partial<Record<FindingClass, number[]>> = {};
  readonly #least = new LeastTrained();
  readonly #stopIds: ReadonlySet<number>;

  /** @param facts whether the batch is judged only; else its arrays are wanted */
  constructor(coder: RowCoder, choices: Choices, facts: boolean) {
    const { encoder } = coder;
    this.#encoder = encoder;
    this.#facts = facts;
    this.#stopIds = new Set(encoder?.stopIds);
    this.#choices = choices;
    this.#accumulator = new ProofAccumulator({
      tokenizer: encoder?.tokenizer,
      mask: encoder?.mask ?? "assistant",
      maskOptions: encoder?.maskOptions,
      stopIds: encoder?.stopIds ?? [],
      audit: choices.audit,
      turns: choices.turns,
    });
  }

  add(row: ThreadRow, made: MadeRow): void {
    const { rows: pieces, facts, whole } = made.encoded;
    if (facts.kind === "conversation") this.#rendered += 1;
    this.#longest = Math.max(this.#longest, whole.ids.length);
    if (this.#facts) {
      this.#lengths.add(whole, { roles: facts.roles, stopIds: this.#stopIds });
      this.#least.add(row.index, whole);
    }
    const judged = pieces.map((piece) => {
      const { ids, labels, weights } = piece;
      const classes = this.#accumulator.add(row.index, { encoded: piece, facts, prefixDiffers: made.differs(piece) });
      const neverEnds = this.#choices.neverEnds && facts.kind === "conversation";
      if (neverEnds && classes.includes("untrained-end-of-turn")) this.#neverEnding += 1;
      if (this.#facts) this.#describe(classes, made, { row: row.index, encoded: piece, facts });
      // what trains nothing takes no part in a step: it is counted, and left out where that was agreed to
      if (trainsNothing(classes)) return classes;
      if (this.#facts) this.#lengthsOfPieces.push(row.index, ids.length, scoredTokens(labels));
      else this.#pieces.push({ index: row.index, rowId: row.rowId, ids, labels, weights });
      return classes;
    });
    if (judged.length > 1) this.#blockSplit(judged);
    else for (const classes of judged) this.#block(facts.kind === "tokens" ? classes.filter(isOurs) : classes);
  }

  /** The first rows of each class. */
  #describe(
    classes: readonly FindingClass[],
    { parsed }: MadeRow,
    found: Omit<Parameters<typeof exampleOf>[1], "encoder" | "parsed">,
  ): void {
    for (const name of classes) {
      (this.#members[name] ??= []).push(found.row);
      const known = (this.#examples[name] ??= []);
      if (known.length < examplesKept(name))
        known.push(exampleOf(name, { ...found, parsed: parsed(), encoder: this.#encoder }));
    }
  }

  fail(row: ThreadRow, error: ErrorReport): void {
    this.#accumulator.addUnencodable(row.index);
    if (this.#facts) (this.#members.unencodable ??= []).push(row.index);
    const known = (this.#examples.unencodable ??= []);
    const place = { row: row.index, position: -1, before: "", marked: "", after: "" };
    if (known.length < examplesKept("unencodable")) known.push({ ...place, instead: error.message });
    this.#firstError ??= error;
    this.#count("unencodable");
  }

  result(): ThreadResult {
    return {
      pieces: this.#facts ? [] : this.#pieces,
      report: this.#accumulator.report(),
      longest: this.#longest,
      rendered: this.#rendered,
      blocking: Object.fromEntries(this.#blocking),
      chosen: this.#neverEnding === 0 ? {} : { "untrained-end-of-turn": this.#neverEnding },
      examples: this.#examples,
      lengths: this.#lengths.profile(),
      members: this.#members,
      lengthsOfPieces: Int32Array.from(this.#lengthsOfPieces),
      leastTrained: this.#least.list(),
      firstError: this.#firstError,
    };
  }

  /** Where cutting was chosen, a row without its end is what was asked for. */
  #block(classes: readonly FindingClass[]): void {
    const cut = classes.includes("truncated");
    for (const name of classes) {
      const { cuts, neverEnds } = this.#choices;
      const chosen = name === "untrained-end-of-turn" && (neverEnds || (cuts && cut));
      if (BLOCKING.has(name) && !chosen) this.#count(name);
    }
    if (cut && !this.#choices.cuts) this.#count("truncated");
  }

  /** A piece may be all question, all answer or without an end; the row as a whole has to train something, and nobody else's words. */
  #blockSplit(judged: readonly (readonly FindingClass[])[]): void {
    if (judged.every(trainsNothing)) this.#count("no-scored-token");
    if (judged.some((classes) => classes.includes("role-leak"))) this.#count("role-leak");
  }

  #count(name: string): void {
    this.#blocking.set(name, (this.#blocking.get(name) ?? 0) + 1);
  }
}
