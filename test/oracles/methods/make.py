"""Makes this folder's oracles: PEFT's kinds of LoRA and frozen layers on the tiny models of ../training, trained by transformers' Trainer.

usage: python make.py [NAME …]   (needs torch, transformers, peft, accelerate; writes a folder a name beside this file)

A case has adapter-init (as PEFT saves it, with B away from zero) and expected.json: the model, the parameters that are trained with their
gradient norms in the first step, the curve, the loss afterwards, and logits of row 0 with the adapter as it starts.
"""
import json, pathlib, random, sys
import torch, transformers
from peft import LoraConfig, PeftModel, get_peft_model

HERE = pathlib.Path(__file__).parent
TRAINING = HERE.parent / "training"
sys.path.insert(0, str(TRAINING))
import make as training  # noqa: E402

USUAL = ["q_proj", "v_proj", "down_proj"]
CASES = {
    "rslora": ("llama", dict(target_modules=USUAL, use_rslora=True)),
    "dora": ("qwen2", dict(target_modules=USUAL, use_dora=True)),
    "dora-rslora-all-linear": ("gemma2", dict(target_modules="all-linear", use_dora=True, use_rslora=True)),
    "dora-fused": ("phi3-window", dict(target_modules="all-linear", use_dora=True)),
    "pattern": ("llama", dict(target_modules=r".*layers\.1\.(self_attn|mlp)\.(q_proj|up_proj)")),
    "names": ("qwen2", dict(target_modules=["layers.0.self_attn.o_proj", "gate_proj"])),
    "save-embedding-tied": ("qwen2", dict(target_modules=USUAL, modules_to_save=["embed_tokens"])),
    "save-head-tied": ("gemma2", dict(target_modules=USUAL, modules_to_save=["lm_head"])),
    "save-both-tied": ("qwen2", dict(target_modules=USUAL, modules_to_save=["embed_tokens", "lm_head"])),
    "save-head-and-norms": ("llama", dict(target_modules=USUAL, modules_to_save=["lm_head", "norm"])),
    "save-linear-dora": ("smollm3-no-rope", dict(target_modules="all-linear", modules_to_save=["o_proj"], use_dora=True)),
    "freeze": ("qwen2", 1),
    "freeze-first": ("llama", -1),
}


def load(model):
    return transformers.AutoModelForCausalLM.from_pretrained(TRAINING / model / "model", attn_implementation="eager", dtype=torch.float32)


def saved_name(name):
    """PEFT's name of a parameter in its file."""
    return (name.replace(".modules_to_save.default", "").replace("lora_magnitude_vector.default.weight", "lora_magnitude_vector")
            .replace(".default", ""))


def frozen(model, layers):
    count = model.config.num_hidden_layers
    chosen = range(count - layers, count) if layers > 0 else range(-layers)
    for name, parameter in model.named_parameters():
        parameter.requires_grad = any(f"model.layers.{i}." in name for i in chosen)
    return model


def adapted(folder, model, own, seed):
    torch.manual_seed(seed)
    peft = get_peft_model(load(model), LoraConfig(r=4, lora_alpha=12, task_type="CAUSAL_LM", **own))
    for name, parameter in peft.named_parameters():
        if "lora_B" in name:
            parameter.data.normal_(std=0.05)
        elif "magnitude" in name or "modules_to_save" in name:
            parameter.data.mul_(1 + 0.1 * torch.randn_like(parameter))
    peft.save_pretrained(folder / "adapter-init")
    (folder / "adapter-init" / "README.md").unlink(missing_ok=True)
    config = folder / "adapter-init" / "adapter_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"base_model_name_or_path": f"../../../training/{model}/model"}, indent=2))


def main():
    for seed, (name, (model, own)) in enumerate(CASES.items(), start=41):
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        folder = HERE / name
        folder.mkdir(exist_ok=True)
        rows = [json.loads(line) for line in (TRAINING / model / "data.jsonl").read_text().splitlines()]
        is_frozen = isinstance(own, int)
        if not is_frozen:
            adapted(folder, model, own, seed)
        make = (lambda: frozen(load(model), own)) if is_frozen else (
            lambda: PeftModel.from_pretrained(load(model), folder / "adapter-init", is_trainable=True))
        trained = make().eval()
        with torch.no_grad():
            logits = trained(input_ids=torch.tensor([rows[0]["input_ids"]])).logits[0]
        norms = {saved_name(n): v for n, v in training.first_step(trained, rows[:4]).items()}
        rate = training.RUN["lr_full" if is_frozen else "lr_lora"]
        expected = {"model": model, "run": training.RUN, "rate": rate, "freeze_layers": own if is_frozen else None,
                    "lora": None if is_frozen else own, "grad_norms_first_step": norms,
                    "logits_row0": [[round(x, 6) for x in row[:8].tolist()] for row in logits],
                    **training.train(make(), rows, rate)}
        (folder / "expected.json").write_text(json.dumps(expected))
        print(name, len(norms), [round(s["loss"], 4) for s in expected["steps"]])


main()
