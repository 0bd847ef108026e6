import { IGNORE, type Conversation, type Message } from "./types.ts";

/** What a test case is made of: one row, its template and its tokens as they are shown. */
export interface PythonCase {
  /** Folder of the model or its tokenizer. */
  readonly modelPath: string;
  readonly conversation: Conversation;
  /** Jinja source. */
  readonly template: string;
  /** Of a form: the pieces that are tokenised one by one; `plain`: special tokens in one are text. */
  readonly pieces?: readonly { readonly text: string; readonly plain: boolean }[] | undefined;
  /** The mask is what the template's own generation tags say, where it has them. */
  readonly masksByTags: boolean;
  readonly text: string;
  readonly ids: readonly number[];
  readonly labels: readonly number[];
  readonly weights: readonly number[];
  /** Code units of `text`. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/**
 * A Python script that needs transformers only: it renders the conversation, tokenises it and asserts ids and labels.
 * Labels are found from the trained stretches of the text, and from the template's own generation tags where it has them.
 */
export function pythonCase(row: PythonCase): string {
  const given = {
    messages: row.conversation.messages.map(templateMessage),
    tools: row.conversation.tools ?? null,
    variables: row.conversation.variables ?? {},
  };
  const { pieces } = row;
  const whole = row.weights.every((weight, i) => weight === (row.labels[i] === IGNORE ? 0 : 1));
  const tagged = row.masksByTags && whole && /\{%-?\s*generation\b/.test(row.template);
  return `# One row, as it is trained: rendered text, token ids and labels (-100: not scored).
import json

from transformers import AutoTokenizer

MODEL = ${literal(row.modelPath)}
TEMPLATE = ${literal(row.template)}
ROW = json.loads(${literal(JSON.stringify(given))})
TEXT = ${literal(row.text)}
IDS = ${numbers(row.ids)}
LABELS = ${numbers(row.labels)}
# Trained stretches of TEXT, in characters.
TRAINED = ${JSON.stringify(trainedStretches(row))}
${pieces ? piecesText(pieces) : ""}

def test_row():
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
${pieces ? SEGMENTED : RENDERED}
    assert ids == IDS, first_difference(ids, IDS)
    scored = lambda start, end: any(start < b and max(end, start + 1) > a for a, b in TRAINED)
    labels = [token if scored(*span) else -100 for token, span in zip(ids, offsets)]
    assert labels == LABELS, first_difference(labels, LABELS)
${tagged && !pieces ? TAGGED : ""}

def first_difference(got, expected):
    at = next((i for i, pair in enumerate(zip(got, expected)) if pair[0] != pair[1]), min(len(got), len(expected)))
    return f"first difference at token {at}: {got[at:at + 5]} instead of {expected[at:at + 5]}"


if __name__ == "__main__":
    test_row()
    print(f"{len(IDS)} ids and {sum(label != -100 for label in LABELS)} labels are as expected")
`;
}

const RENDERED = `    text = tokenizer.apply_chat_template(
        ROW["messages"], tools=ROW["tools"], chat_template=TEMPLATE, tokenize=False, **ROW["variables"]
    )
    assert text == TEXT
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    # a row may have been cut at its end
    ids, offsets = encoded["input_ids"][: len(IDS)], encoded["offset_mapping"]`;

const SEGMENTED = `    text = tokenizer.apply_chat_template(ROW["messages"], chat_template=TEMPLATE, tokenize=False)
    assert text == TEXT == "".join(piece for piece, _ in PIECES)
    ids, offsets, start = [], [], 0
    for piece, plain in PIECES:
        encoded = tokenizer(
            piece, add_special_tokens=False, split_special_tokens=plain, return_offsets_mapping=True
        )
        ids += encoded["input_ids"]
        offsets += [(start + a, start + b) for a, b in encoded["offset_mapping"]]
        start += len(piece)
    # a row may have been cut at its end
    ids, offsets = ids[: len(IDS)], offsets[: len(IDS)]`;

const TAGGED = `    tagged = tokenizer.apply_chat_template(
        ROW["messages"], tools=ROW["tools"], chat_template=TEMPLATE, return_dict=True,
        return_assistant_tokens_mask=True, **ROW["variables"]
    )
    # the mask is the template's own: what its tags say
    said = [token if mask else -100 for token, mask in zip(tagged["input_ids"], tagged["assistant_masks"])][: len(IDS)]
    assert said == LABELS, first_difference(said, LABELS)
`;

/** A message as apply_chat_template takes it. */
function templateMessage({ reasoning, weight: _, spans: __, extra, ...message }: Message): Record<string, unknown> {
  const thinking = reasoning === undefined ? {} : { reasoning_content: reasoning };
  return { ...message, ...extra, ...thinking };
}

/** Python reads JSON's string syntax, but for what JSON leaves as it is beyond ASCII. */
const literal = (text: string): string =>
  JSON.stringify(text)
    .replace(/[\u007f-\uffff]/g, escaped)
    .replace(/\\u(d[89ab]..)\\u(d[c-f]..)/gi, joined);
const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
/** Python has no surrogate pairs in literals. */
const joined = (_: string, high: string, low: string): string => {
  const point = ((parseInt(high, 16) - 0xd800) << 10) + (parseInt(low, 16) - 0xdc00) + 0x10000;
  return `\\U${point.toString(16).padStart(8, "0")}`;
};

const numbers = (values: readonly number[]): string => `[${values.join(", ")}]`;

/** Code points before a code unit offset. */
function codePoints(text: string): (offset: number) => number {
  const before = new Int32Array(text.length + 1);
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    before[i] = count;
    const code = text.charCodeAt(i);
    if (code < 0xdc00 || code > 0xdfff) count++;
  }
  before[text.length] = count;
  return (offset) => before[offset] ?? count;
}

function trainedStretches({ text, labels, starts, ends }: PythonCase): [number, number][] {
  const pointOf = codePoints(text);
  const stretches: [number, number][] = [];
  labels.forEach((label, i) => {
    if (label === IGNORE) return;
    const [start, end] = [pointOf(starts[i] ?? 0), pointOf(ends[i] ?? 0)];
    const last = stretches.at(-1);
    if (last && last[1] >= start && labels[i - 1] !== IGNORE) last[1] = Math.max(last[1], end);
    else stretches.push([start, end]);
  });
  return stretches;
}

const piecesText = (pieces: NonNullable<PythonCase["pieces"]>): string => {
  const list = JSON.stringify(pieces.map(({ text, plain }) => [text, plain]));
  return `# Pieces of TEXT that are tokenised one by one; true: special tokens in them are plain text.
PIECES = json.loads(${literal(list)})
`;
};
