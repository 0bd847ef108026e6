import { FILL_BARS, type Pack, type PackingSummary } from "#shared/contract/packing.ts";
import type { Proof } from "#shared/contract/text.ts";
import { SiftError } from "#shared/errors.ts";
import { packRows } from "#shared/text/packing.ts";
import type { PieceColumns } from "../store/positions.ts";
import type { Store } from "../store/index.ts";

interface Packed {
  readonly key: string;
  readonly pieces: PieceColumns;
  /** Places of pieces, pack by pack. */
  readonly packs: readonly (readonly number[])[];
  readonly summary: PackingSummary;
}

/** Packs of a proof's rows, made from their lengths: nothing is encoded again. The last asked for are kept. */
export class PackTable {
  readonly #store: Store;
  #last: Packed | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /** @throws SiftError `packs-unknown` for a proof of long ago, `not-found` */
  summary(proofId: string, maxLength: number): PackingSummary {
    return this.#packed(proofId, maxLength).summary;
  }

  /** @throws SiftError as `summary` */
  page(proofId: string, maxLength: number, { offset, limit }: { offset: number; limit: number }): Pack[] {
    const { pieces, packs } = this.#packed(proofId, maxLength);
    return packs.slice(offset, offset + limit).map((places) => {
      const rows = places.map((place) => ({
        index: pieces.index[place] ?? 0,
        tokens: pieces.tokens[place] ?? 0,
        supervised: pieces.supervised[place] ?? 0,
      }));
      return { tokens: rows.reduce((sum, { tokens }) => sum + tokens, 0), rows };
    });
  }

  #packed(proofId: string, maxLength: number): Packed {
    const key = `${proofId}:${maxLength}`;
    if (this.#last?.key === key) return this.#last;
    const proof = this.#store.proofs.get(proofId);
    const known = this.#store.proofs.piecesOf(proofId);
    if (!known) {
      throw new SiftError("packs-unknown", "the lengths of this proof's rows are not kept any more", {
        remedy: "run the proof again",
      });
    }
    const pieces = { ...known, tokens: known.tokens.map((tokens) => Math.min(tokens, maxLength)) };
    const packs = packRows(pieces.tokens, { maxLength });
    const made = { key, pieces, packs, summary: summarise(proof, { pieces, packs, maxLength }) };
    this.#last = made;
    return made;
  }
}

function summarise(
  proof: Proof,
  { pieces, packs, maxLength }: Pick<Packed, "pieces" | "packs"> & { maxLength: number },
): PackingSummary {
  const fill = Array.from({ length: FILL_BARS }, () => 0);
  let all = 0;
  for (const places of packs) {
    const tokens = places.reduce((sum, place) => sum + (pieces.tokens[place] ?? 0), 0);
    const bar = Math.min(FILL_BARS - 1, Math.floor((FILL_BARS * tokens) / maxLength));
    fill[bar] = (fill[bar] ?? 0) + 1;
    all += tokens;
  }
  return {
    maxLength,
    packs: packs.length,
    tokens: all,
    fill,
    rowsRead: proof.rows,
    rowsCut: proof.findings.find((finding) => finding.class === "truncated")?.count ?? 0,
    rowsLeftOut: proof.rows - new Set(pieces.index).size,
  };
}
