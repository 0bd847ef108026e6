"""What `sift train` saved, opened by transformers and PEFT, gives the logits that Sift's own generation gives."""
import json
import pathlib
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

for case in json.load(open(sys.argv[1], encoding="utf8")):
    folder = pathlib.Path(case["folder"])
    options = {"attn_implementation": "eager", "dtype": torch.float32}
    if (folder / "adapter_config.json").exists():
        model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(case["base"], **options), folder)
    else:
        model, report = AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True, **options)
        assert not report["missing_keys"] and not report["unexpected_keys"], report
    with torch.no_grad():
        logits = model.eval()(input_ids=torch.tensor([case["ids"]])).logits[0]
    wanted = torch.tensor(case["logits"]).reshape(logits.shape)
    furthest = (logits - wanted).abs().max().item()
    print(f"{case['name']}: {type(model).__name__}, logits within {furthest:.1e}")
    assert furthest < 1e-4, case["name"]
