import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import * as v from "valibot";
import { SiftError } from "#shared/errors.ts";

const lockFile = v.object({ pid: v.number(), startTime: v.nullable(v.string()), token: v.string() });
export type LockHolder = v.InferOutput<typeof lockFile>;

/** When a process started, in the platform's own words; null where it cannot be told. A reused pid has another one. */
export function processStartTime(pid: number): string | null {
  try {
    if (process.platform === "linux") {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      // The command may contain spaces: fields are counted after its closing parenthesis; the 20th is starttime.
      return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
    }
    if (process.platform === "win32") return null;
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim() || null;
  } catch {
    return null;
  }
}

export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && "code" in error ? error.code : undefined);

/** Who holds the lock and lives; undefined for no lock or a stale one. */
export function lockHolder(file: string): LockHolder | undefined {
  const holder = readLock(file);
  if (!holder || !isProcessAlive(holder.pid)) return undefined;
  const startTime = holder.startTime === null ? null : processStartTime(holder.pid);
  return startTime === null || startTime === holder.startTime ? holder : undefined;
}

/**
 * Takes the lock of a data home for this process; a stale one (its process is gone, or another has its number) is
 * taken over.
 * @returns the function that gives it back
 * @throws SiftError `home-in-use` while a live process holds it
 */
export function takeLock(file: string): () => void {
  const mine: LockHolder = { pid: process.pid, startTime: processStartTime(process.pid), token: randomUUID() };
  for (let attempt = 0; attempt < 5; attempt += 1) {
    if (createLock(file, mine)) return () => releaseLock(file, mine.token);
    const holder = lockHolder(file);
    if (holder) {
      throw new SiftError("home-in-use", `another Sift (process ${holder.pid}) uses this data home`, {
        where: { file },
        remedy: "use its window, close it, or choose another folder with --home DIR",
      });
    }
    setAside(file);
  }
  throw new SiftError("home-in-use", "the lock of the data home keeps changing hands", { where: { file } });
}

function createLock(file: string, content: LockHolder): boolean {
  const temporary = `${file}.${content.token}`;
  writeFileSync(temporary, JSON.stringify(content));
  try {
    linkSync(temporary, file); // atomic: fails where the lock exists, and never shows a half-written file
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    return createWithoutLink(file, content); // a file system without hard links
  } finally {
    rmSync(temporary, { force: true });
  }
}

function createWithoutLink(file: string, content: LockHolder): boolean {
  try {
    writeFileSync(file, JSON.stringify(content), { flag: "wx" });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** Moves a stale lock away. If a live one was caught instead (somebody was quicker), it is put back. */
function setAside(file: string): void {
  const aside = `${file}.stale-${randomUUID()}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  if (lockHolder(aside)) {
    try {
      linkSync(aside, file);
    } catch {
      // a third process holds it now
    }
  }
  rmSync(aside, { force: true });
}

function releaseLock(file: string, token: string): void {
  if (readLock(file)?.token === token) rmSync(file, { force: true });
}

function readLock(file: string): LockHolder | undefined {
  try {
    return v.parse(lockFile, JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return undefined;
  }
}
