import type { Engine } from "#worker/engines/engine.ts";
import type { ModelSpec } from "#worker/models/folder.ts";
import { modelValues, type Fill } from "#worker/models/initialise.ts";
import { linearModules, type LinearModule, type Parameter } from "#worker/models/parameters.ts";
import { formatOf, quantize, quantizedNames, type QuantizedFormat } from "#worker/models/quantize.ts";

/** Allocates a buffer and fills it, unless the engine holds it already. */
export function put(engine: Engine, { name, shape }: Parameter, fill: Fill): void {
  if (engine.has(name)) return;
  engine.allocate(name, shape);
  engine.load(name, fill);
}

/**
 * Puts a model's parameters into the engine, one after another, so that nothing is held twice; weights that the model
 * keeps quantised are quantised as they are read.
 */
export function putModel(
  engine: Engine,
  model: ModelSpec,
  options: { seed: number; without?: ReadonlySet<string> },
): void {
  const { seed, without } = options;
  const modules = new Map(linearModules(model.config).map((module) => [`${module.name}.weight`, module]));
  const room = new Scratch();
  for (const parameter of model.parameters) {
    if (without?.has(parameter.name) === true) continue;
    const module = modules.get(parameter.name);
    const fill = modelValues(model, parameter, seed);
    const format = module && formatOf(model.config, module);
    if (module && format) putQuantized(engine, format, { module, fill, room });
    else put(engine, parameter, fill);
  }
}

/** One array for one weight after another: many would be collected too late, and a float model would lie in memory after all. */
class Scratch {
  #values = new Float32Array(0);

  /** Zeros. */
  take(size: number): Float32Array {
    if (this.#values.length < size) this.#values = new Float32Array(size);
    return this.#values.subarray(0, size).fill(0);
  }
}

function putQuantized(
  engine: Engine,
  format: QuantizedFormat,
  { module, fill, room }: { module: LinearModule; fill: Fill; room: Scratch },
): void {
  const names = quantizedNames(module);
  if (engine.has(names.q)) return;
  const { inputs, outputs } = module;
  const { bits, block } = format;
  engine.allocate(names.q, [outputs, inputs / block, (block * bits) / 8], "u8");
  engine.allocate(names.scales, [outputs, inputs / block]);
  engine.allocate(names.rowSquares, [outputs]);
  const values = room.take(outputs * inputs);
  fill(values);
  engine.loadBytes(names.q, (q) =>
    engine.load(names.scales, (scales) =>
      engine.load(names.rowSquares, (rowSquares) => quantize(values, { q, scales, rowSquares }, format)),
    ),
  );
}
