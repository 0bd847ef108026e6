import { createHash } from "node:crypto";
import { closeSync, createReadStream, fsyncSync, openSync, renameSync, writeSync } from "node:fs";
import { rename, open } from "node:fs/promises";
import { dirname } from "node:path";
import { SiftError } from "#shared/errors.ts";

/** Writes a file whole or not at all: temporary file beside it, fsync, rename. */
export function writeDurable(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.tmp`;
  withDiskErrors(path, () => {
    const file = openSync(temporary, "w");
    try {
      const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : content;
      for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  });
}

/** Makes a finished folder visible under its final name, and the rename itself durable. */
export async function publishFolder(temporary: string, path: string): Promise<void> {
  await syncFolder(temporary);
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** Flushes one file that somebody else wrote. */
export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A folder's entries become durable with an fsync of the folder; Windows has none and needs none. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Size and SHA-256 of a file, streamed. */
export async function fingerprint(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    const buffer = chunk as Buffer;
    bytes += buffer.length;
    hash.update(buffer);
  }
  return { bytes, sha256: hash.digest("hex") };
}

const DISK_REASONS: Readonly<Record<string, readonly [code: string, reason: string, remedy: string]>> = {
  ENOSPC: ["disk-full", "the disk is full", "Free some space and resume; the last checkpoint is complete"],
  EDQUOT: ["disk-full", "your disk quota is used up", "Free some space and resume; the last checkpoint is complete"],
  EACCES: ["not-writable", "the folder may not be written to", "Choose another output_dir, or change its permissions"],
  EPERM: ["not-writable", "the folder may not be written to", "Choose another output_dir, or change its permissions"],
  EROFS: ["not-writable", "the folder is on a read-only disk", "Choose another output_dir"],
  ENOTDIR: ["bad-output-dir", "a part of the path is a file, not a folder", "Choose another output_dir"],
  EEXIST: ["bad-output-dir", "a file is where the folder should be", "Choose another output_dir"],
  EIO: ["disk-error", "the disk reported an error", "Check the disk; the last complete checkpoint is unharmed"],
  EFBIG: ["disk-full", "the file would be larger than the file system allows", "Choose an output_dir on another disk"],
};

/** A system error of the disk as something that a person understands; anything else unchanged. */
export function diskError(error: unknown, path: string): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const known = DISK_REASONS[code];
  if (!known) return error;
  const [name, reason, remedy] = known;
  return new SiftError(name, `could not write ${path}: ${reason}`, { where: { file: path }, remedy, cause: error });
}

export function withDiskErrors<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw diskError(error, path);
  }
}
