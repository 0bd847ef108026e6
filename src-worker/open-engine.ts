import type { RunConfig } from "#shared/config/index.ts";
import { SiftError } from "#shared/errors.ts";
import { OrtEngine } from "./engines/ort/engine.ts";

/** The engine that a run asks for. @throws SiftError `engine-missing`, `device-missing` where this version has none for it. */
export function openEngine(wanted: Pick<RunConfig, "engine" | "device"> & { readonly threads: number }): OrtEngine {
  if (wanted.engine === "tfjs") {
    throw new SiftError("engine-missing", "the tfjs engine is not part of this version", {
      where: { what: "engine" },
      remedy: "Use engine: auto or ort",
    });
  }
  if (wanted.device !== "auto" && wanted.device !== "cpu") {
    throw new SiftError("device-missing", `the device ${wanted.device} is not supported by this version`, {
      where: { what: "device" },
      remedy: "Use device: auto or cpu",
    });
  }
  return new OrtEngine(wanted.threads > 0 ? { threads: wanted.threads } : {});
}
