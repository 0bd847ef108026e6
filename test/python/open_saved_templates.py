"""A saved model asks with the ids that Sift asked with in training, and stops at the token that ended its answers."""
import json
import sys

from transformers import AutoTokenizer, GenerationConfig

for case in json.load(open(sys.argv[1], encoding="utf8")):
    tokenizer = AutoTokenizer.from_pretrained(case["folder"])
    asked = tokenizer.apply_chat_template(case["messages"], add_generation_prompt=True, return_dict=True)["input_ids"]
    assert list(asked) == case["ids"], (case["name"], list(asked), case["ids"])
    stops = GenerationConfig.from_pretrained(case["folder"]).eos_token_id
    first = stops[0] if isinstance(stops, list) else stops
    assert first == case["end"] == tokenizer.eos_token_id, (case["name"], stops, case["end"], tokenizer.eos_token_id)
    if case["pad"] is not None:
        assert tokenizer.pad_token_id == case["pad"], (case["name"], tokenizer.pad_token_id)
    print(f"{case['name']}: {len(case['ids'])} prompt ids equal, generation stops at {tokenizer.eos_token!r} ({first})")
