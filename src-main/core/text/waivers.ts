import type { Proof } from "#shared/contract/text.ts";
import type { Waiver } from "#shared/contract/waivers.ts";
import { SiftError } from "#shared/errors.ts";
import type { Store } from "../store/index.ts";
import type { StoredWaiver } from "../store/waivers.ts";
import type { EventHub } from "../system/events.ts";

interface Parts {
  readonly store: Store;
  readonly events: EventHub;
  readonly clock: () => number;
}

/** Whole classes of findings that people accept, with the reason and the number of rows that they saw. */
export class WaiverService {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  list(proofId: string): Waiver[] {
    return waiversOf(this.#parts.store, this.#parts.store.proofs.get(proofId));
  }

  /** @throws SiftError `not-found` where the proof has no rows in the class, `waiver-reason` without a reason */
  add(proofId: string, name: string, reason: string): Waiver[] {
    const { store, clock, events } = this.#parts;
    const proof = store.proofs.get(proofId);
    const count = proof.findings.find((finding) => finding.class === name)?.count ?? 0;
    if (count === 0) throw new SiftError("not-found", `the proof has no rows in the class ${name}`);
    if (reason.trim() === "") throw new SiftError("waiver-reason", "a waiver needs a reason");
    const settingsHash = store.proofs.settingsHash(proofId);
    const { versionId } = proof;
    store.waivers.put({ versionId, settingsHash, class: name, count, reason: reason.trim(), createdAt: clock() });
    events.emit({ type: "proofs" });
    return waiversOf(store, proof);
  }

  remove(waiverId: string): void {
    this.#parts.store.waivers.remove(waiverId);
    this.#parts.events.emit({ type: "proofs" });
  }
}

/** Waivers of a proof's version as they stand against it: of each class the one under its settings, else the newest. */
export function waiversOf(store: Store, proof: Proof): Waiver[] {
  const settingsHash = store.proofs.settingsHash(proof.id);
  const counts = new Map(proof.findings.map((finding) => [finding.class, finding.count]));
  const all = store.waivers.list(proof.versionId);
  const own = all.filter((each) => each.settingsHash === settingsHash);
  const others = all.filter((each) => each.settingsHash !== settingsHash);
  const byClass = new Map<string, StoredWaiver>();
  for (const each of [...own, ...others]) if (!byClass.has(each.class)) byClass.set(each.class, each);
  return [...byClass.values()].map(({ settingsHash: hash, ...waiver }) => {
    const isSame = counts.get(waiver.class) === waiver.count;
    return { ...waiver, voidBecause: hash !== settingsHash ? "settings" : isSame ? null : "count" };
  });
}
