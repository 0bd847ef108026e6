"""What transformers makes of generated conversations under templates of many kinds (kinds.py): rendered texts, and for the first
conversations of each kind ids and the assistant mask. Output: conversations.jsonl.gz, expected.jsonl.gz, kinds.json.

    pip install transformers jinja2
    TZ=UTC python test/oracles/templates/make.py      (from the repository's root, after npm ci)
"""
import datetime, gzip, json, os, random
from transformers import AutoTokenizer
from transformers.utils import chat_template_utils
from kinds import KINDS, MARKS

HERE = os.path.dirname(os.path.abspath(__file__))
TOKENIZER = os.path.join(HERE, "..", "..", "..", "node_modules", "@lenml", "tokenizer-qwen2_5", "models")
COUNT, MASKED = 2080, 6
NOW = datetime.datetime(2026, 3, 5, 14, 7, 9)


class Clock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return NOW


chat_template_utils.datetime = Clock
tokenizer = AutoTokenizer.from_pretrained(TOKENIZER)
tokenizer.add_special_tokens({"additional_special_tokens": MARKS})
tokenizer.bos_token, tokenizer.eos_token = "<s>", "</s>"
rng = random.Random(20260305)

WORDS = ["the answer", "is", "42", "blue.", "Hello", "  two  spaces", "\n", "\n\n", "\t", " ", "你好", "，世界。", "こんにちは", "안녕", "😀", "👩‍👩‍👧", "é", "e\u0301", "مرحبا", "\u00a0", "\u3000",
         "\ue000", "\ue001x\ue002", "\u2028", "\ufeff", "\u200b", "<think>\nhm\n</think>\n\n", "<|im_end|>", "[INST]", "</s>", "{{ x }}", "{% if %}", "'", '"', "\\", "\\n", "<b>&amp;</b>", "%s %d", "$1", "a\r\nb", "\x00", "\x7f"]
NUMBERS = ["0", "-0", "1", "-7", "1.0", "-0.0", "0.1", "1e20", "1E-7", "1.5e300", "123456789012345678901234567890", "3.14159265358979", "1e16", "0.00001", "100000000000000000.0", "5e-324"]


def text():
    return "" if rng.random() < 0.06 else "".join(rng.choice(WORDS) + rng.choice(["", " ", ""]) for _ in range(rng.randint(1, 7)))


def quoted(value):
    return json.dumps(value, ensure_ascii=rng.random() < 0.3)


def value(depth=0):
    """JSON text of a value, numbers as they are written."""
    kind = rng.random()
    if depth > 2 or kind < 0.35:
        return rng.choice(NUMBERS)
    if kind < 0.6:
        return quoted(text())
    if kind < 0.7:
        return rng.choice(["true", "false", "null"])
    if kind < 0.85:
        return "[" + ", ".join(value(depth + 1) for _ in range(rng.randint(0, 3))) + "]"
    return "{" + ", ".join(f"{quoted(rng.choice(['a', 'ключ', '键', 'k 1']) + str(i))}: {value(depth + 1)}" for i in range(rng.randint(0, 3))) + "}"


TOOLS = '[{"type": "function", "function": {"name": "look_up", "description": "Finds \\u00e9 & <x> \'y\'.", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "array", "items": {"type": "string"}}, "c": {"type": "string", "enum": ["u", "v"]}}, "required": ["a"]}}}]'


def conversation():
    turns = []
    if rng.random() < 0.4:
        turns.append('{"role": "system", "content": %s}' % quoted(text() + rng.choice(["", "/no_think"])))
    has_tools = rng.random() < 0.3
    for _ in range(rng.randint(1, 3)):
        turns.append('{"role": "user", "content": %s}' % quoted(text()))
        if has_tools and rng.random() < 0.6:
            arguments = "{" + ", ".join(f'"p{i}": {value()}' for i in range(rng.randint(0, 4))) + "}"
            turns.append('{"role": "assistant", "content": "", "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": %s}}]}' % arguments)
            turns.append('{"role": "tool", "tool_call_id": "c1", "content": %s}' % quoted(text()))
        reasoning = ', "reasoning_content": %s' % quoted(text()) if rng.random() < 0.2 else ""
        turns.append('{"role": "assistant", "content": %s%s}' % (quoted(text()), reasoning))
    extra = ', "tools": ' + TOOLS if has_tools else ""
    variables = {}
    if rng.random() < 0.2:
        variables["enable_thinking"] = rng.random() < 0.5
    if rng.random() < 0.1:
        variables["documents"] = [{"id": 1, "title": text(), "text": text()}]
    if rng.random() < 0.2:
        variables["date_string"] = "01 Jan 2020"
    return '{"messages": [%s]%s, "chat_template_kwargs": %s}' % (", ".join(turns), extra, json.dumps(variables))


def render(source, row, ask):
    data = json.loads(row)
    try:
        return tokenizer.apply_chat_template(data["messages"], tools=data.get("tools"), chat_template=source, tokenize=False, add_generation_prompt=ask, **data["chat_template_kwargs"])
    except Exception as error:
        return {"error": type(error).__name__}


def masked(source, row):
    data = json.loads(row)
    try:
        out = tokenizer.apply_chat_template(data["messages"], tools=data.get("tools"), chat_template=source, return_dict=True, return_assistant_tokens_mask=True, **data["chat_template_kwargs"])
    except Exception as error:
        return {"error": type(error).__name__}
    return {"ids": out["input_ids"], "mask": out["assistant_masks"]}


rows = [conversation() for _ in range(COUNT)]
names = list(KINDS)
expected = []
for i, row in enumerate(rows):
    name = names[i % len(names)]
    ask = i // len(names) % 2 == 1
    case = {"row": i, "kind": name, "ask": ask, "text": render(KINDS[name], row, ask)}
    if i // len(names) < MASKED:
        case |= masked(KINDS[name], row)
    expected.append(case)


def save(name, lines):
    with gzip.GzipFile(os.path.join(HERE, name), "wb", mtime=0) as file:
        file.write("".join(line + "\n" for line in lines).encode("utf8", "surrogatepass"))


save("conversations.jsonl.gz", rows)
save("expected.jsonl.gz", [json.dumps(case, ensure_ascii=False) for case in expected])
json.dump({"kinds": KINDS, "marks": {mark: tokenizer.convert_tokens_to_ids(mark) for mark in MARKS}, "now": int(NOW.replace(tzinfo=datetime.timezone.utc).timestamp() * 1000)}, open(os.path.join(HERE, "kinds.json"), "w", encoding="utf8"), ensure_ascii=False, indent=1)
failed = [c for c in expected if isinstance(c["text"], dict)]
print(len(rows), "rows,", len(failed), "refused:", sorted({(c["kind"], c["text"]["error"]) for c in failed}))
