import protobuf from "protobufjs/minimal.js";

/**
 * ONNX models as plain data, and their protobuf encoding. Field numbers are those of onnx.proto (IR version 10);
 * only the few messages that Sift writes are covered.
 */

export type OnnxType = "float" | "int32" | "int64" | "bool" | "uint32" | "uint8";

const ELEMENT_TYPE: Record<OnnxType, number> = { float: 1, int32: 6, int64: 7, bool: 9, uint32: 12, uint8: 2 };

/** A value baked into the model: int64 and int32 values must be whole numbers, bools 0 or 1. */
export interface OnnxTensor {
  readonly type: OnnxType;
  readonly dims: readonly number[];
  readonly values: readonly number[];
}

export type OnnxAttribute =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly tensor: OnnxTensor }
  | { readonly graph: OnnxGraph };

export interface OnnxNode {
  readonly op: string;
  /** Empty for ONNX's own operators, `com.microsoft` for onnxruntime's. */
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

export interface OnnxValue {
  readonly name: string;
  readonly type: OnnxType;
  /** A string is a symbolic dimension; an undefined shape is left to the runtime. */
  readonly shape?: readonly (number | string)[];
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: Readonly<Record<string, OnnxTensor>>;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Shapes of values in between that the runtime cannot infer. */
  readonly declared?: readonly OnnxValue[];
}

export const ONNX_OPSET = 21;

const field = (number: number, wire: 0 | 2 | 5): number => (number << 3) | wire;

type Writer = protobuf.Writer;
const message = (writer: Writer, number: number, body: (inner: Writer) => void): void => {
  body(writer.uint32(field(number, 2)).fork());
  writer.ldelim();
};
const text = (writer: Writer, number: number, value: string): Writer => writer.uint32(field(number, 2)).string(value);
const int = (writer: Writer, number: number, value: number): Writer => writer.uint32(field(number, 0)).int64(value);

/** ModelProto: ir_version 1, producer_name 2, graph 7, opset_import 8. */
export function encodeModel(graph: OnnxGraph): Uint8Array {
  const writer = protobuf.Writer.create();
  int(writer, 1, 10);
  text(writer, 2, "sift");
  message(writer, 7, (inner) => writeGraph(inner, graph));
  for (const [domain, version] of [
    ["", ONNX_OPSET],
    ["com.microsoft", 1],
  ] as const) {
    message(writer, 8, (inner) => void int(text(inner, 1, domain), 2, version));
  }
  return writer.finish();
}

/** GraphProto: node 1, name 2, initializer 5, input 11, output 12, value_info 13. */
function writeGraph(writer: Writer, graph: OnnxGraph): void {
  for (const node of graph.nodes) message(writer, 1, (inner) => writeNode(inner, node));
  text(writer, 2, graph.name);
  for (const [name, tensor] of Object.entries(graph.initializers)) {
    message(writer, 5, (inner) => writeTensor(inner, tensor, name));
  }
  for (const value of graph.inputs) message(writer, 11, (inner) => writeValue(inner, value));
  for (const value of graph.outputs) message(writer, 12, (inner) => writeValue(inner, value));
  for (const value of graph.declared ?? []) message(writer, 13, (inner) => writeValue(inner, value));
}

/** NodeProto: input 1, output 2, op_type 4, attribute 5, domain 7. */
function writeNode(writer: Writer, node: OnnxNode): void {
  for (const input of node.inputs) text(writer, 1, input);
  for (const output of node.outputs) text(writer, 2, output);
  text(writer, 4, node.op);
  for (const [name, attribute] of Object.entries(node.attributes ?? {})) {
    message(writer, 5, (inner) => writeAttribute(inner, name, attribute));
  }
  if (node.domain !== undefined) text(writer, 7, node.domain);
}

/** AttributeProto: name 1, f 2, i 3, s 4, t 5, g 6, ints 8, type 20. */
function writeAttribute(writer: Writer, name: string, attribute: OnnxAttribute): void {
  text(writer, 1, name);
  if ("float" in attribute) int(writer.uint32(field(2, 5)).float(attribute.float), 20, 1);
  else if ("int" in attribute) int(int(writer, 3, attribute.int), 20, 2);
  else if ("string" in attribute) int(text(writer, 4, attribute.string), 20, 3);
  else if ("tensor" in attribute) {
    message(writer, 5, (inner) => writeTensor(inner, attribute.tensor, name));
    int(writer, 20, 4);
  } else if ("graph" in attribute) {
    message(writer, 6, (inner) => writeGraph(inner, attribute.graph));
    int(writer, 20, 5);
  } else {
    for (const value of attribute.ints) int(writer, 8, value);
    int(writer, 20, 7);
  }
}

/** TensorProto: dims 1, data_type 2, name 8, raw_data 9 (little endian). */
function writeTensor(writer: Writer, tensor: OnnxTensor, name: string): void {
  for (const dim of tensor.dims) int(writer, 1, dim);
  int(writer, 2, ELEMENT_TYPE[tensor.type]);
  text(writer, 8, name);
  writer.uint32(field(9, 2)).bytes(rawBytes(tensor));
}

function rawBytes({ type, values }: OnnxTensor): Uint8Array {
  switch (type) {
    case "float":
      return new Uint8Array(new Float32Array(values).buffer);
    case "int32":
      return new Uint8Array(new Int32Array(values).buffer);
    case "uint32":
      return new Uint8Array(new Uint32Array(values).buffer);
    case "int64":
      return new Uint8Array(new BigInt64Array(values.map(BigInt)).buffer);
    case "bool":
    case "uint8":
      return new Uint8Array(values);
  }
}

/** ValueInfoProto: name 1, type 2 { tensor_type 1 { elem_type 1, shape 2 { dim 1 { dim_value 1 | dim_param 2 } } } }. */
function writeValue(writer: Writer, value: OnnxValue): void {
  text(writer, 1, value.name);
  message(writer, 2, (type) =>
    message(type, 1, (tensor) => {
      int(tensor, 1, ELEMENT_TYPE[value.type]);
      if (value.shape) writeShape(tensor, value.shape);
    }),
  );
}

function writeShape(writer: Writer, shape: readonly (number | string)[]): void {
  message(writer, 2, (inner) => {
    for (const dim of shape) {
      message(inner, 1, (one) => void (typeof dim === "number" ? int(one, 1, dim) : text(one, 2, dim)));
    }
  });
}
