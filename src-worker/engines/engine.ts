import type { DType, Graph } from "#worker/graph/ops.ts";

/** Values on the host: what is fed to a run and what comes back. */
export interface HostTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

export interface EngineDescription {
  readonly name: string;
  readonly device: string;
  /** A CPU curve repeats bit for bit at the same thread count only, so the run record carries it. */
  readonly threads: number;
  readonly version: string;
}

/** A compiled graph. Its buffers are bound by name when it runs. */
export interface Program {
  /** What runs, after optimization. */
  readonly graph: Graph;
  /**
   * Runs once with a tensor for every `feed` input; symbolic sizes follow from them. Outputs that replace a buffer do so
   * in place, all others come back by name.
   */
  run(feeds: Readonly<Record<string, HostTensor>>): Promise<Record<string, HostTensor>>;
  dispose(): Promise<void>;
}

/**
 * Owns named buffers (weights, gradients, optimizer moments in float32; quantised weights as bytes) on its device and runs graphs over them. Nothing
 * outside holds a second copy; `read` makes one.
 */
export interface Engine {
  readonly description: EngineDescription;
  /** A buffer of zeros: float32, or bytes. @throws SiftError `engine-buffer` where the name is taken. */
  allocate(name: string, shape: readonly number[], dtype?: "f32" | "u8"): void;
  has(name: string): boolean;
  shape(name: string): readonly number[];
  /** Lets `fill` write the whole buffer where it lies (or a staging area that is then uploaded). */
  load(name: string, fill: (target: Float32Array) => void): void;
  /** The same for a buffer of bytes. */
  loadBytes(name: string, fill: (target: Uint8Array) => void): void;
  /** @throws SiftError `engine-buffer` for a buffer of bytes. */
  read(name: string): Promise<Float32Array>;
  release(name: string): void;
  /** Optimizes and compiles; the graph's buffer inputs need not exist yet. */
  compile(graph: Graph): Promise<Program>;
  /** Disposes of all programs and buffers. */
  dispose(): Promise<void>;
}

export const float = (data: Float32Array, shape: readonly number[] = [data.length]): HostTensor => ({
  dtype: "f32",
  shape,
  data,
});
export const int = (data: Int32Array, shape: readonly number[] = [data.length]): HostTensor => ({
  dtype: "i32",
  shape,
  data,
});
