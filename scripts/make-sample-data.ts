import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { heldOutPrompts, sampleConversations } from "./sample/conversations.ts";

/** Writes the sample project's conversations and held-out prompts: `node scripts/make-sample-data.ts`. */
const folder = join(import.meta.dirname, "../resources/sample");
const lines = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "conversations.jsonl"), lines(sampleConversations()));
writeFileSync(join(folder, "held_out.jsonl"), lines(heldOutPrompts()));
