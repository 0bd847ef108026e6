import { availableParallelism } from "node:os";
import * as ort from "onnxruntime-node";
import { SiftError } from "#shared/errors.ts";
import type { Engine, EngineDescription, HostTensor, Program } from "#worker/engines/engine.ts";
import type { Graph, GraphInput, GraphOutput } from "#worker/graph/ops.ts";
import { optimize } from "#worker/graph/passes.ts";
import { lower } from "./lower.ts";
import { encodeModel } from "./onnx.ts";

interface Buffer {
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint8Array;
  readonly tensor: ort.Tensor;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** onnxruntime on the CPU. Buffers are typed arrays that onnxruntime reads and writes where they lie. */
export class OrtEngine implements Engine {
  readonly description: EngineDescription;
  readonly #buffers = new Map<string, Buffer>();
  readonly #programs = new Set<OrtProgram>();

  constructor(options: { threads?: number } = {}) {
    const threads = options.threads ?? availableParallelism();
    this.description = { name: "ort", device: "cpu", threads, version: ort.env.versions.node ?? "unknown" };
  }

  allocate(name: string, shape: readonly number[], dtype: "f32" | "u8" = "f32"): void {
    if (this.#buffers.has(name)) throw bufferError(`the buffer "${name}" exists already`, name);
    const size = sizeOf(shape);
    if (dtype === "u8") {
      const data = new Uint8Array(size);
      this.#buffers.set(name, { shape, data, tensor: new ort.Tensor("uint8", data, shape) });
    } else {
      const data = new Float32Array(size);
      this.#buffers.set(name, { shape, data, tensor: new ort.Tensor("float32", data, shape) });
    }
  }

  has(name: string): boolean {
    return this.#buffers.has(name);
  }

  shape(name: string): readonly number[] {
    return this.buffer(name).shape;
  }

  load(name: string, fill: (target: Float32Array) => void): void {
    fill(this.#floats(name));
  }

  loadBytes(name: string, fill: (target: Uint8Array) => void): void {
    const { data } = this.buffer(name);
    if (!(data instanceof Uint8Array)) throw bufferError(`the buffer "${name}" does not hold bytes`, name);
    fill(data);
  }

  #floats(name: string): Float32Array {
    const { data } = this.buffer(name);
    if (data instanceof Float32Array) return data;
    throw bufferError(`the buffer "${name}" holds bytes`, name);
  }

  read(name: string): Promise<Float32Array> {
    return Promise.resolve(this.#floats(name).slice());
  }

  release(name: string): void {
    this.#buffers.delete(name);
  }

  /** For programs of this engine. */
  buffer(name: string): Buffer {
    const buffer = this.#buffers.get(name);
    if (!buffer) throw bufferError(`there is no buffer "${name}"`, name);
    return buffer;
  }

  async compile(graph: Graph): Promise<Program> {
    const optimized = optimize(graph);
    const { onnx, outputNames } = lower(optimized);
    const session = await ort.InferenceSession.create(encodeModel(onnx), {
      intraOpNumThreads: this.description.threads,
      interOpNumThreads: 1,
      executionMode: "sequential",
      graphOptimizationLevel: "all",
      // the arena costs 2 GB on a real model and buys no speed; patterns need fixed shapes
      enableCpuMemArena: false,
      enableMemPattern: false,
      // threads that wait by spinning take the cores from everything else: a step beside other work took 2–3 times as long
      extra: { session: { intra_op: { allow_spinning: "0" } } },
      logSeverityLevel: 3,
    });
    const program = new OrtProgram({ engine: this, graph: optimized, session, outputNames });
    this.#programs.add(program);
    return program;
  }

  async dispose(): Promise<void> {
    for (const program of this.#programs) await program.dispose();
    this.#programs.clear();
    this.#buffers.clear();
  }
}

const bufferError = (message: string, what: string): SiftError =>
  new SiftError("engine-buffer", message, { where: { what } });

interface ProgramParts {
  readonly engine: OrtEngine;
  readonly graph: Graph;
  readonly session: ort.InferenceSession;
  readonly outputNames: Readonly<Record<string, string>>;
}

class OrtProgram implements Program {
  readonly #parts: ProgramParts;
  #disposed = false;

  constructor(parts: ProgramParts) {
    this.#parts = parts;
  }

  get graph(): Graph {
    return this.#parts.graph;
  }

  async run(feeds: Readonly<Record<string, HostTensor>>): Promise<Record<string, HostTensor>> {
    const { graph, session } = this.#parts;
    const inputs = Object.fromEntries(graph.inputs.map((input) => [input.name, this.#bind(input, feeds)]));
    const fetches = Object.fromEntries(graph.outputs.map((output) => [this.#onnxName(output), this.#target(output)]));
    const results = await session.run(inputs, fetches);
    const returned = graph.outputs.filter((output) => output.into === undefined);
    return Object.fromEntries(returned.map((output) => [output.name, toHost(results[this.#onnxName(output)])]));
  }

  #bind(input: GraphInput, feeds: Readonly<Record<string, HostTensor>>): ort.Tensor {
    if (input.source === "buffer") return this.#parts.engine.buffer(input.name).tensor;
    const feed = feeds[input.name];
    if (!feed) throw bufferError(`graph ${this.#parts.graph.name} needs a value for "${input.name}"`, input.name);
    return feed.dtype === "f32"
      ? new ort.Tensor("float32", feed.data as Float32Array, feed.shape)
      : new ort.Tensor("int32", feed.data as Int32Array, feed.shape);
  }

  #target(output: GraphOutput): ort.Tensor | null {
    return output.into === undefined ? null : this.#parts.engine.buffer(output.into).tensor;
  }

  #onnxName(output: GraphOutput): string {
    return this.#parts.outputNames[output.name] ?? output.name;
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#parts.session.release();
  }
}

function toHost(tensor: ort.Tensor | undefined): HostTensor {
  const data = tensor?.data;
  if (tensor && data instanceof Float32Array) return { dtype: "f32", shape: tensor.dims, data };
  if (tensor && data instanceof Int32Array) return { dtype: "i32", shape: tensor.dims, data };
  throw new SiftError("engine-output", `onnxruntime returned ${tensor?.type ?? "nothing"}`);
}
