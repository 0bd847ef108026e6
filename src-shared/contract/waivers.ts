import * as v from "valibot";
import { id, procedure, read, timestamp } from "./common.ts";

/** A class of findings that somebody accepted, as it stands against a proof. */
export const waiver = v.object({
  id,
  class: v.string(),
  /** Rows that were in the class when it was accepted. */
  count: v.number(),
  reason: v.string(),
  createdAt: timestamp,
  /** Null while it holds: the proof has other settings than the waiver, or another number of rows in the class. */
  voidBecause: v.nullable(v.picklist(["settings", "count"])),
});
export type Waiver = v.InferOutput<typeof waiver>;

export const waiversContract = {
  /** Of the proof's version, at most one a class: the one under the proof's settings, else the newest under others. */
  list: read.input(v.object({ proofId: id })).output(v.array(waiver)),
  /** Accepts the rows that the proof has in a class now. @throws SiftError `not-found` for a class without rows, `waiver-reason` */
  add: procedure.input(v.object({ proofId: id, class: v.string(), reason: v.string() })).output(v.array(waiver)),
  remove: procedure.input(v.object({ waiverId: id })).output(v.object({})),
};
