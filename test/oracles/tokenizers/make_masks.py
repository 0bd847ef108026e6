"""Ids and assistant masks of transformers for the tiny tokenizers that leave characters out or change them, and one byte-level one.

    pip install transformers jinja2
    python test/oracles/tokenizers/make_masks.py      (after make.py)
"""
import gzip, json, os
from transformers import PreTrainedTokenizerFast
from tokenizers import Tokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
TEMPLATE = "{% for m in messages %}{% if m.role == 'assistant' %}<s>{{ m.role }}\n{% generation %}{{ m.content }}<|end|>{% endgeneration %}\n{% else %}<s>{{ m.role }}\n{{ m.content }}<|end|>\n{% endif %}{% endfor %}"
ANSWERS = ["the token", " the  model ", "Hello, world!", "你好 世界", "é ﬁ\u3000x", "\n\nlearn", "", "   ", "x" * 30, "a\u200bb", "😀 ok", "numbers 12, 3456.", "\u200bstart", "tab\there"]
rows = []
for name in ["bert", "bert_cased", "words", "t5", "albert", "unigram_bytes", "qwen"]:
    data = gzip.open(os.path.join(HERE, "tiny", f"{name}.json.gz")).read().decode()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(data), clean_up_tokenization_spaces=False)
    tokenizer.chat_template = TEMPLATE
    for i, answer in enumerate(ANSWERS):
        messages = [{"role": "user", "content": "question " + answer}, {"role": "assistant", "content": answer}, {"role": "user", "content": "more"}, {"role": "assistant", "content": ANSWERS[(i * 5 + 1) % len(ANSWERS)]}]
        e = tokenizer.apply_chat_template(messages, tokenize=True, return_dict=True, return_assistant_tokens_mask=True)
        rows.append({"name": name, "messages": messages, "ids": e["input_ids"], "mask": e["assistant_masks"]})
with open(os.path.join(HERE, "masks.json"), "w") as file:
    file.write(json.dumps({"template": TEMPLATE, "rows": rows}, ensure_ascii=False, separators=(",", ":")))
