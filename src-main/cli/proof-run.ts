import type { EncodeSettings } from "#shared/contract/text.ts";
import { ProofAccumulator } from "#shared/text/index.ts";
import type { InspectionContext, ProofReport } from "#shared/text/index.ts";
import type { RowCoder } from "../core/text/encoding.ts";
import type { FileRow } from "./file-rows.ts";
import { table } from "./output.ts";
import { ProgressLine } from "./progress.ts";
import { openCoder } from "./text-flags.ts";

/** Proves rows with the code that trains them. */
export async function proveRows(rows: AsyncIterable<FileRow>, settings: EncodeSettings): Promise<ProofReport> {
  const coder = await openCoder(settings);
  const proof = new ProofAccumulator(inspectionContext(coder));
  const line = new ProgressLine();
  let done = 0;
  for await (const fileRow of rows) {
    addRow(proof, coder, fileRow);
    if (++done % 50 === 0) line.draw(`${done} rows`);
  }
  line.clear();
  return proof.report();
}

function inspectionContext({ encoder }: RowCoder): InspectionContext {
  return {
    tokenizer: encoder?.tokenizer,
    mask: encoder?.mask ?? "assistant",
    maskOptions: encoder?.maskOptions,
    stopIds: encoder?.stopIds ?? [],
  };
}

function addRow(proof: ProofAccumulator, coder: RowCoder, fileRow: FileRow): void {
  if ("error" in fileRow) return proof.addUnencodable(fileRow.row);
  const { row, parsed } = fileRow;
  try {
    const { encoded, facts } = coder.encode(parsed, row);
    const prefixDiffers = coder.encoder?.prefixDiffers(parsed, encoded) ?? false;
    proof.add(row, { encoded, facts, prefixDiffers });
  } catch {
    proof.addUnencodable(row); // why is what `sift encode` says of this row
  }
}

/** The proof as a person reads it. */
export function proofText({ rows, tokens, supervised_tokens: supervised, findings }: ProofReport): string {
  const share = tokens === 0 ? 0 : (100 * supervised) / tokens;
  const head = `${rows} rows, ${tokens} tokens, ${supervised} supervised (${share.toFixed(1)} %)`;
  if (findings.length === 0) return `${head}\nNothing was found.`;
  const named = findings.map(({ class: name, count, rows: first }) => {
    const shown = first.slice(0, 8).join(", ");
    return [name, `${count} rows`, `${shown}${count > 8 ? ", …" : ""}`];
  });
  return `${head}\n${table(named)}`;
}
