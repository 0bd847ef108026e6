/** Syntax tree of a template. `at` is the offset in the source where the node begins. */

/** Arguments of a call, a filter or a test. */
export interface CallArguments {
  readonly positional: readonly Expression[];
  readonly named: readonly { readonly name: string; readonly value: Expression }[];
  /** `*iterable` */
  readonly spread?: Expression;
  /** `**mapping` */
  readonly namedSpread?: Expression;
}

/** `start:stop:step` between brackets; each part may be missing. */
export interface SliceExpression {
  readonly type: "slice";
  readonly at: number;
  readonly start?: Expression;
  readonly stop?: Expression;
  readonly step?: Expression;
}

/** Arithmetic, concatenation and string formatting with `%`. */
export type BinaryOperator = "+" | "-" | "*" | "/" | "//" | "%" | "**";
/** Comparisons chain as in Python: `1 < x < 3`. */
export type CompareOperator = "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in";
/** A constant's value; whole numbers beyond 2^53 are bigint. */
export type Literal = string | number | bigint | boolean | null;

/** Whatever has a value. The tables that walk it are total: a new kind is a compile error there. */
export type Expression =
  | { readonly type: "constant"; readonly at: number; readonly value: Literal }
  | { readonly type: "float"; readonly at: number; readonly value: number }
  | { readonly type: "name"; readonly at: number; readonly name: string }
  | { readonly type: "attribute"; readonly at: number; readonly object: Expression; readonly name: string }
  | {
      readonly type: "item";
      readonly at: number;
      readonly object: Expression;
      readonly index: Expression | SliceExpression;
    }
  | { readonly type: "call"; readonly at: number; readonly callee: Expression; readonly args: CallArguments }
  | {
      readonly type: "filter";
      readonly at: number;
      readonly input: Expression;
      readonly name: string;
      readonly args: CallArguments;
    }
  | {
      readonly type: "test";
      readonly at: number;
      readonly input: Expression;
      readonly name: string;
      readonly args: CallArguments;
    }
  | { readonly type: "not"; readonly at: number; readonly value: Expression }
  | { readonly type: "sign"; readonly at: number; readonly negative: boolean; readonly value: Expression }
  | {
      readonly type: "binary";
      readonly at: number;
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly type: "compare"; readonly at: number; readonly first: Expression; readonly rest: readonly Comparison[] }
  | { readonly type: "and" | "or"; readonly at: number; readonly left: Expression; readonly right: Expression }
  | { readonly type: "concat"; readonly at: number; readonly parts: readonly Expression[] }
  | {
      readonly type: "conditional";
      readonly at: number;
      readonly test: Expression;
      readonly yes: Expression;
      readonly no?: Expression;
    }
  | { readonly type: "list" | "tuple"; readonly at: number; readonly items: readonly Expression[] }
  | {
      readonly type: "dict";
      readonly at: number;
      readonly items: readonly { readonly key: Expression; readonly value: Expression }[];
    };

/** One link of a chain of comparisons. */
export interface Comparison {
  readonly operator: CompareOperator;
  readonly value: Expression;
}

/** What an assignment writes to: a name, an attribute of a namespace, or several of them. */
export type Target =
  | { readonly type: "name"; readonly at: number; readonly name: string }
  | { readonly type: "namespace"; readonly at: number; readonly name: string; readonly attribute: string }
  | { readonly type: "unpack"; readonly at: number; readonly items: readonly Target[] };

/** A parameter of a macro or a call block. */
export interface Parameter {
  readonly name: string;
  readonly default?: Expression;
}

/** A filter without its input, as in `{% filter upper %}` and `{% set x | trim %}`. */
export interface FilterCall {
  readonly name: string;
  readonly args: CallArguments;
  readonly at: number;
}

type Body = readonly Statement[];

/** Whatever writes output or changes variables. */
export type Statement =
  | { readonly type: "data"; readonly at: number; readonly text: string }
  | {
      readonly type: "output";
      readonly at: number;
      /** Offset behind the closing `}}`. */
      readonly end: number;
      readonly value: Expression;
    }
  | {
      readonly type: "if";
      readonly at: number;
      readonly branches: readonly { readonly test: Expression; readonly body: Body }[];
      readonly otherwise: Body;
    }
  | {
      readonly type: "for";
      readonly at: number;
      readonly target: Target;
      readonly iterable: Expression;
      readonly condition?: Expression;
      readonly recursive: boolean;
      readonly body: Body;
      readonly otherwise: Body;
    }
  | { readonly type: "set"; readonly at: number; readonly target: Target; readonly value: Expression }
  | {
      readonly type: "set-block";
      readonly at: number;
      readonly target: Target;
      readonly filters: readonly FilterCall[];
      readonly body: Body;
    }
  | {
      readonly type: "macro";
      readonly at: number;
      readonly name: string;
      readonly parameters: readonly Parameter[];
      readonly body: Body;
    }
  | {
      readonly type: "call-block";
      readonly at: number;
      readonly call: Expression & { readonly type: "call" };
      readonly parameters: readonly Parameter[];
      readonly body: Body;
    }
  | { readonly type: "filter-block"; readonly at: number; readonly filters: readonly FilterCall[]; readonly body: Body }
  | {
      readonly type: "with";
      readonly at: number;
      readonly bindings: readonly { readonly target: Target; readonly value: Expression }[];
      readonly body: Body;
    }
  | { readonly type: "generation"; readonly at: number; readonly body: Body }
  | { readonly type: "break" | "continue"; readonly at: number };

/** A whole template. */
export interface Template {
  readonly body: Body;
  /** Whether the template tags what an assistant generates with `{% generation %}`. */
  readonly hasGenerationTags: boolean;
}
