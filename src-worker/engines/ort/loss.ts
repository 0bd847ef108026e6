import type { Emitter } from "./emitter.ts";
import { softcap, type Capped } from "./softcap.ts";

interface LossInputs {
  readonly hidden: string;
  readonly table: string;
  readonly labels: string;
  readonly weights: string;
}

interface LossOptions {
  /** Columns of `hidden`. */
  readonly width: number;
  /** Rows of `table`. */
  readonly vocabulary: number;
  readonly chunk: number;
  readonly gradients: "none" | "hidden" | "hidden and table";
  /** What the table's gradient is added to. */
  readonly base?: string | undefined;
  /** Logits become softcap · tanh(logit / softcap). */
  readonly softcap: number | undefined;
}

/**
 * Weighted cross entropy over chunks of rows. With p = softmax(logits): dhidden = weight · (p · table − table[label]), which
 * needs no one-hot matrix; p is exp(logits − largest), divided by its sum after the product.
 * Under a soft cap both parts of the gradient gain the cap's slope, at every logit and at the label's.
 * Returns [loss] or [loss, dhidden] or [loss, dhidden, dtable].
 */
export function emitCrossEntropy(e: Emitter, inputs: LossInputs, options: LossOptions): string[] {
  const { width, base } = options;
  const gradients = options.gradients !== "none";
  const tableGradient = options.gradients === "hidden and table";
  const start = [e.float(0)];
  if (gradients) start.push(e.tensor({ type: "float", dims: [0, width], values: [] }));
  if (tableGradient) start.push(base ?? e.node("ConstantOfShape", [e.node("Shape", [inputs.table])]));
  const [loss = "", dhidden, softPart] = e.loop(
    tripsOf(e, inputs.hidden, options.chunk),
    start,
    (body, iteration, states) => {
      const part = chunkOf(body, inputs, { iteration, chunk: options.chunk });
      const { exps, sum, lse, slope } = softmax(body, part.hidden, {
        table: inputs.table,
        cap: options.softcap,
        vocabulary: options.vocabulary,
      });
      const { row, capped: logit, slope: rowSlope } = labelled(body, { ...part, table: inputs.table }, options.softcap);
      const losses = body.node("Mul", [body.node("Sub", [lse, logit]), part.weights]);
      const results = [body.node("Add", [states[0] ?? "", body.reduce("ReduceSum", losses, [0, 1], false)])];
      const push = gradients && slope ? body.node("Mul", [exps, slope()]) : exps;
      if (gradients) {
        const own = rowSlope ? body.node("Mul", [row, rowSlope()]) : row;
        const mean = body.node("Div", [body.node("Gemm", [push, inputs.table]), sum]);
        const pull = body.node("Sub", [mean, own]);
        results.push(
          body.node("Concat", [states[1] ?? "", body.node("Mul", [pull, part.weights])], { axis: { int: 0 } }),
        );
      }
      if (tableGradient) {
        const weighted = body.node("Mul", [part.hidden, body.node("Div", [part.weights, sum])]);
        results.push(body.node("Gemm", [push, weighted, states[2] ?? ""], { transA: { int: 1 } }));
      }
      return results;
    },
  );
  const outputs = dhidden === undefined ? [loss] : [loss, dhidden];
  return softPart === undefined
    ? outputs
    : [...outputs, subtractLabels(e, inputs, { from: softPart, cap: options.softcap })];
}

const tripsOf = (e: Emitter, hidden: string, chunk: number): string => {
  const rows = e.node("Squeeze", [e.node("Shape", [hidden], { start: { int: 0 }, end: { int: 1 } })]);
  return e.node("Div", [e.node("Add", [rows, e.long(chunk - 1)]), e.long(chunk)]);
};

function chunkOf(
  e: Emitter,
  inputs: LossInputs,
  { iteration, chunk }: { iteration: string; chunk: number },
): { hidden: string; labels: string; weights: string } {
  const start = e.node("Mul", [e.reshape(iteration, 1), e.longs(chunk)]);
  const end = e.node("Add", [start, e.longs(chunk)]);
  const part = (x: string): string => e.node("Slice", [x, start, end, e.longs(0)]);
  return { hidden: part(inputs.hidden), labels: part(inputs.labels), weights: e.reshape(part(inputs.weights), -1, 1) };
}

type Slope = Capped["slope"];

/** The labels' own rows of the table, and their logits [rows, 1]. */
function labelled(
  e: Emitter,
  { hidden, labels, table }: { hidden: string; labels: string; table: string },
  cap: number | undefined,
): Capped & { row: string } {
  const row = e.node("Gather", [table, labels], { axis: { int: 0 } });
  return { row, ...softcap(e, e.reduce("ReduceSum", e.node("Mul", [hidden, row]), [1]), cap) };
}

/** exp(logits − largest) and its sum in each row; every step can take the place of the one before, so that one matrix exists. */
function softmax(
  e: Emitter,
  hidden: string,
  { table, cap, vocabulary }: { table: string; cap: number | undefined; vocabulary: number },
): { exps: string; sum: string; lse: string; slope: Slope } {
  const wide = (x: string): string => e.declare(x, ["loss_rows", vocabulary]);
  const { capped, slope } = softcap(e, wide(e.node("Gemm", [hidden, table], { transB: { int: 1 } })), cap);
  const logits = cap === undefined ? capped : wide(capped);
  const largest = e.reduce("ReduceMax", logits, [1]);
  const exps = wide(e.node("Exp", [wide(e.node("Sub", [logits, largest]))]));
  const sum = e.reduce("ReduceSum", exps, [1]);
  return { exps, sum, lse: e.node("Add", [largest, e.node("Log", [sum])]), slope };
}

/** The one-hot part of dtable: every label's row loses weight · hidden. */
function subtractLabels(
  e: Emitter,
  inputs: LossInputs,
  { from, cap }: { from: string; cap: number | undefined },
): string {
  const negative = e.node("Neg", [e.reshape(inputs.weights, -1, 1)]);
  const slope = cap === undefined ? undefined : labelled(e, inputs, cap).slope;
  const factor = slope ? e.node("Mul", [negative, slope()]) : negative;
  return emitScatterAdd(e, from, { indices: inputs.labels, rows: e.node("Mul", [inputs.hidden, factor]) });
}

/**
 * Adds rows at indices that may repeat. ScatterElements, because ScatterND(reduction=add) loses updates on repeated
 * indices with two threads or more.
 */
export function emitScatterAdd(e: Emitter, base: string, { indices, rows }: { indices: string; rows: string }): string {
  const wide = e.node("Expand", [e.reshape(indices, -1, 1), e.node("Shape", [rows])]);
  return e.node("ScatterElements", [base, wide, rows], { axis: { int: 0 }, reduction: { string: "add" } });
}
