"""Tokens that `sift add-tokens` gave a model: rows as transformers starts them, ids as its tokenizer gives them, opened after training."""
import json
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

case = json.load(open(sys.argv[1], encoding="utf8"))
tokenizer = AutoTokenizer.from_pretrained(case["base"])
tokenizer.add_special_tokens({"additional_special_tokens": case["tokens"]})
reference = AutoModelForCausalLM.from_pretrained(case["base"], dtype=torch.float32)
before = reference.get_input_embeddings().weight.shape[0]
reference.resize_token_embeddings(len(tokenizer), mean_resizing=True)
extended = AutoModelForCausalLM.from_pretrained(case["extended"], dtype=torch.float32)
ours, theirs = (model.get_input_embeddings().weight.detach() for model in (extended, reference))
assert ours.shape == theirs.shape, (ours.shape, theirs.shape)
assert torch.equal(ours[:before], theirs[:before])
# transformers adds noise of 1e-9 of the covariance
furthest = (ours[before:] - theirs[before:]).abs().max().item()
assert furthest < 1e-3, furthest
own = AutoTokenizer.from_pretrained(case["extended"])
assert own.convert_tokens_to_ids(case["tokens"]) == tokenizer.convert_tokens_to_ids(case["tokens"])
print(f"{len(case['tokens'])} rows within {furthest:.1e} of resize_token_embeddings")

for name, folder in (("full", case["full"]), ("adapter", case["adapter"])):
    saved = AutoTokenizer.from_pretrained(folder)
    asked = saved.apply_chat_template(case["messages"], add_generation_prompt=True, return_dict=True)["input_ids"]
    assert list(asked) == case["ids"], (name, asked, case["ids"])
    stops = GenerationConfig.from_pretrained(folder).eos_token_id
    assert (stops[0] if isinstance(stops, list) else stops) == case["end"] == saved.eos_token_id, (name, stops)
    if name == "full":
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    else:
        model = PeftModel.from_pretrained(extended, folder)
    table = model.get_input_embeddings()
    table = getattr(table, "modules_to_save", {"default": table})["default"].weight.detach()
    moved = (table[case["end"]] - ours[case["end"]]).abs().max().item()
    assert moved > 1e-3, (name, moved)
    logits = model(input_ids=torch.tensor([case["ids"]])).logits
    assert logits.shape[-1] == ours.shape[0] and torch.isfinite(logits).all()
    print(f"{name}: the row of {saved.eos_token!r} has moved by {moved:.1e}, generation stops there")
