import * as v from "valibot";
import { proof, type Proof } from "#shared/contract/text.ts";
import type { Db } from "./database.ts";
import { idOf, keyOf, notFound } from "./ids.ts";
import { unpackPieces, unpackPositions, type PackedPieces, type PieceColumns } from "./positions.ts";
import { json, query } from "./query.ts";

const proofResult = v.omit(proof, ["id"]);
const proofRecord = v.object({ key: v.number(), result: json(proofResult) });
const toProof = ({ key, result }: v.InferOutput<typeof proofRecord>): Proof => ({ ...result, id: idOf("p", key) });

/** Proofs whose pieces are kept; five megabytes each at a million rows. */
const PIECES_KEPT = 8;

/** What is kept beside a proof. */
export interface ProofMaking {
  readonly settingsHash: string;
  readonly dataHash: string;
  /** All rows of each class, packed. */
  readonly members: ReadonlyMap<string, Uint8Array>;
  /** All rows that train. */
  readonly pieces: PackedPieces;
}

/** Whole-dataset proofs by settings and data: a proof counts only for exactly what it was made of. */
export class ProofTable {
  readonly #db: Db;
  readonly #get;
  readonly #latest;
  readonly #hash;
  readonly #rows;
  readonly #pieces;

  constructor(db: Db) {
    this.#db = db;
    this.#get = query(db, "SELECT key, result FROM proofs WHERE key = ?", proofRecord);
    this.#rows = query(
      db,
      "SELECT positions FROM proof_rows WHERE proof = ? AND class = ?",
      v.object({ positions: v.instance(Uint8Array) }),
    );
    this.#pieces = query(
      db,
      "SELECT pieces, bytes FROM proof_pieces WHERE proof = ?",
      v.object({ pieces: v.number(), bytes: v.instance(Uint8Array) }),
    );
    this.#hash = query(db, "SELECT settings_hash FROM proofs WHERE key = ?", v.object({ settings_hash: v.string() }));
    this.#latest = query(
      db,
      `SELECT key, result FROM proofs WHERE version = ? AND settings_hash = ? AND data_hash = ?
       ORDER BY key DESC LIMIT 1`,
      proofRecord,
    );
  }

  get(proofId: string): Proof {
    const record = this.#get.get(keyOf("p", proofId));
    if (!record) throw notFound("p", proofId);
    return toProof(record);
  }

  /** What its settings are known by. @throws SiftError `not-found` */
  settingsHash(proofId: string): string {
    const record = this.#hash.get(keyOf("p", proofId));
    if (!record) throw notFound("p", proofId);
    return record.settings_hash;
  }

  latest(key: { versionId: string; settingsHash: string; dataHash: string }): Proof | null {
    const record = this.#latest.get(keyOf("v", key.versionId), key.settingsHash, key.dataHash);
    return record ? toProof(record) : null;
  }

  /** Positions of all rows in a class; of proofs of an earlier version the first ones. @throws SiftError `not-found` */
  rowsOf(proofId: string, name: string): readonly number[] {
    const record = this.#rows.get(keyOf("p", proofId), name);
    if (record) return unpackPositions(record.positions);
    return this.get(proofId).findings.find((finding) => finding.class === name)?.rows ?? [];
  }

  /** Undefined where they are not kept any more. */
  piecesOf(proofId: string): PieceColumns | undefined {
    const record = this.#pieces.get(keyOf("p", proofId));
    return record && unpackPieces(record.bytes, record.pieces);
  }

  add(result: Omit<Proof, "id">, { members, pieces, ...hashes }: ProofMaking): Proof {
    const proof = this.#insert(result, hashes);
    const insert = this.#db.prepare("INSERT INTO proof_rows (proof, class, positions) VALUES (?, ?, ?)");
    for (const [name, positions] of members) insert.run(keyOf("p", proof.id), name, positions);
    this.#db
      .prepare("INSERT INTO proof_pieces (proof, pieces, bytes) VALUES (?, ?, ?)")
      .run(keyOf("p", proof.id), pieces.count, pieces.bytes());
    this.#db
      .prepare(
        "DELETE FROM proof_pieces WHERE proof NOT IN (SELECT proof FROM proof_pieces ORDER BY proof DESC LIMIT ?)",
      )
      .run(PIECES_KEPT);
    return proof;
  }

  #insert(result: Omit<Proof, "id">, hashes: { settingsHash: string; dataHash: string }): Proof {
    const made = this.#db
      .prepare(
        `INSERT INTO proofs (version, settings_hash, data_hash, settings, result, finished_at) VALUES (?, ?, ?, ?, ?, ?)`,
      )
      .run(
        keyOf("v", result.versionId),
        hashes.settingsHash,
        hashes.dataHash,
        JSON.stringify(result.settings),
        JSON.stringify(result),
        result.finishedAt,
      );
    return { ...result, id: idOf("p", Number(made.lastInsertRowid)) };
  }
}
