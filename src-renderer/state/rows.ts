import type { RowDetail } from "#shared/contract/datasets.ts";

/** A row and a message as the contract carries them. */
export type WireRow = RowDetail["row"];
export type WireMessage = Extract<WireRow, { kind: "conversation" }>["conversation"]["messages"][number];
