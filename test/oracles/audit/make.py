"""Makes the prepared sets that `sift audit` is tested on, with `datasets` and TRL from PyPI and rows of our own.

    pip install datasets trl
    python test/oracles/audit/make.py          (from the repository's root, after npm ci)

`expected.json` says what each set holds, counted here from how it was made.
"""
import json, os, shutil
from datasets import Dataset, DatasetDict
from transformers import AutoTokenizer, Qwen2Config, Qwen2ForCausalLM
from trl import SFTConfig, SFTTrainer

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..", "..")
TOKENIZER = os.path.join(ROOT, "node_modules", "@lenml", "tokenizer-qwen2_5", "models")
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.role == 'assistant' %}{% generation %}{{ m.content }}<|im_end|>{% endgeneration %}\n"
    "{% else %}{{ m.content }}<|im_end|>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
ROWS = 20

tokenizer = AutoTokenizer.from_pretrained(TOKENIZER)
tokenizer.chat_template = TEMPLATE
END = tokenizer.convert_tokens_to_ids("<|im_end|>")


def conversation(i):
    """Row i: one to three exchanges, Chinese and English, some with a system text; no two alike."""
    turns = [{"role": "system", "content": "Answer in one sentence."}] if i % 4 == 0 else []
    for k in range(1 + i % 3):
        turns.append({"role": "user", "content": f"第{i}题，第{k}步：{i} + {k} 等于几？" if i % 2 else f"Row {i}, step {k}: what is {i} + {k}?"})
        turns.append({"role": "assistant", "content": f"等于 {i + k}。" if i % 2 else f"It is {i + k}."})
    return turns


def encoded(messages):
    out = tokenizer.apply_chat_template(messages, return_dict=True, return_assistant_tokens_mask=True)
    ids, mask = out["input_ids"], out["assistant_masks"]
    return ids, [id if m else -100 for id, m in zip(ids, mask)]


def save(name, rows, splits=None):
    folder = os.path.join(HERE, name)
    shutil.rmtree(folder, ignore_errors=True)
    (rows if not isinstance(rows, list) else Dataset.from_list(rows)).save_to_disk(folder) if splits is None else DatasetDict(
        {split: Dataset.from_list(part) for split, part in splits.items()}
    ).save_to_disk(folder)


def row(ids, labels, **more):
    return {"input_ids": ids, "attention_mask": [1] * len(ids), "labels": labels, **more}


source = [conversation(i) for i in range(ROWS)]
with open(os.path.join(HERE, "source.jsonl"), "w") as f:
    f.writelines(json.dumps({"messages": m}, ensure_ascii=False) + "\n" for m in source)
with open(os.path.join(HERE, "template.jinja"), "w") as f:
    f.write(TEMPLATE)
good = [encoded(m) for m in source]
supervised = sum(l != -100 for _, labels in good for l in labels)
tokens = sum(len(ids) for ids, _ in good)
expected = {}

# Axolotl's prepared folder: positions and a length beside ids and labels.
save("axolotl", [row(i, l, position_ids=list(range(len(i))), length=len(i)) for i, l in good])
expected["axolotl"] = {"rows": ROWS, "tokens": tokens, "supervised_tokens": supervised, "findings": {}}

# LLaMA-Factory's tokenized_path: a dictionary of splits with columns for other media.
media = dict(images=None, videos=None, audios=None)
save("llamafactory", None, {"train": [row(i, l, **media) for i, l in good[:15]], "validation": [row(i, l, **media) for i, l in good[15:]]})
expected["llamafactory"] = expected["axolotl"]

# TRL: what SFTTrainer makes of the conversations before it trains.
model = Qwen2ForCausalLM(Qwen2Config(vocab_size=len(tokenizer), hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=1))


def trl(name, data, **options):
    config = SFTConfig(output_dir="/tmp/sift-audit-trl", report_to=[], use_cpu=True, bf16=False, max_length=256, **options)
    save(name, SFTTrainer(model=model, args=config, train_dataset=data, processing_class=tokenizer).train_dataset)


trl("trl-assistant", Dataset.from_list([{"messages": m} for m in source]), assistant_only_loss=True)
expected["trl-assistant"] = expected["axolotl"]
pairs = [m[-2:] for m in source]
trl("trl-completion", Dataset.from_list([{"prompt": m[:1], "completion": m[1:]} for m in pairs]), completion_only_loss=True)
pair = [encoded(m) for m in pairs]
# TRL cuts the line end behind the last turn off the completion's mask.
expected["trl-completion"] = {
    "rows": ROWS,
    "tokens": sum(len(i) for i, _ in pair),
    "supervised_tokens": sum(sum(x != -100 for x in l) for _, l in pair),
    "findings": {},
}
trl("trl-packed", Dataset.from_list([{"messages": m} for m in source]), assistant_only_loss=True, packing=True)
expected["trl-packed"] = {"tokens": tokens, "supervised_tokens": supervised, "findings": {}}

# Three known faults, each in some of the rows.
without_end = [(i, [-100 if x == END else x for x in l] if n % 2 == 0 else l) for n, (i, l) in enumerate(good)]
save("fault-no-end-of-turn", [row(i, l) for i, l in without_end])
expected["fault-no-end-of-turn"] = {"rows": ROWS, "findings": {"untrained-end-of-turn": list(range(0, ROWS, 2))}}

prompt_trained = []
for n, (ids, labels) in enumerate(good):
    if n % 5 == 1:
        labels = list(ids)  # all of it
    elif n % 5 == 3:
        first = next(k for k, x in enumerate(labels) if x != -100)
        labels = [ids[k] if first - 9 <= k < first - 5 else x for k, x in enumerate(labels)]  # some of the question
    prompt_trained.append((ids, labels))
save("fault-prompt-trained", [row(i, l) for i, l in prompt_trained])
expected["fault-prompt-trained"] = {
    "rows": ROWS,
    "findings": {"role-leak": [n for n in range(ROWS) if n % 5 in (1, 3)], "everything-scored": [n for n in range(ROWS) if n % 5 == 1]},
}

cut = []
lost, no_end = [], []
for n, (ids, labels) in enumerate(good):
    if n % 4 == 2:
        first = next(k for k, x in enumerate(labels) if x != -100)
        ids, labels = ids[:first], labels[:first]
        lost.append(n)
    elif n % 4 == 3:
        last = max(k for k, x in enumerate(labels) if x != -100)
        ids, labels = ids[:last], labels[:last]
        no_end.append(n)
    cut.append((ids, labels))
save("fault-truncated", [row(i, l) for i, l in cut])
expected["fault-truncated"] = {"rows": ROWS, "findings": {"no-scored-token": lost, "untrained-end-of-turn": no_end}}

Dataset.from_list([row(i, l) for i, l in good]).to_parquet(os.path.join(HERE, "good.parquet"))
expected["good.parquet"] = expected["axolotl"]
with open(os.path.join(HERE, "expected.json"), "w") as f:
    json.dump(expected, f, indent=1)
