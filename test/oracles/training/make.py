"""Makes this folder's oracles: tiny random models, trained by transformers' Trainer and PEFT (float32, CPU).

usage: python make.py [NAME …]   (needs torch, transformers, peft, accelerate; writes a folder a name beside this file)

They are made so that loading is tested with them too: llama is bfloat16 in two shards with all biases and llama3 rope, qwen2 is
float16 with a tied head. Both are read as float32. The others turn on what a family can do beyond its defaults: windows shorter
than the rows, layers without rotation, local and global layers in one model, biases. expected.json has the run, logits and log-sum-exp of row 0, gradient
norms of the first step, loss / grad_norm / learning_rate of every step (full and LoRA), the mean loss afterwards, and the
loss and gradient norm of one step whose tokens carry weights.
"""
import json, pathlib, random, sys, torch, transformers
from peft import LoraConfig, PeftModel, get_peft_model

HERE = pathlib.Path(__file__).parent
VOCABULARY, STEPS, BATCH, ACCUMULATION = 64, 10, 2, 2
SHAPE = dict(vocab_size=VOCABULARY, hidden_size=32, num_attention_heads=4, num_key_value_heads=2, intermediate_size=48,
             num_hidden_layers=2, max_position_embeddings=128, bos_token_id=1, eos_token_id=2, pad_token_id=0)
ROPE = {"rope_type": "llama3", "rope_theta": 1e4, "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 32}
RUN = {"batch_size": BATCH, "accumulation": ACCUMULATION, "steps": STEPS, "lr_full": 3e-3, "lr_lora": 1e-2, "weight_decay": 0.1,
       "clip": 0.5, "betas": [0.9, 0.99], "eps": 1e-8, "lora": {"r": 4, "alpha": 12, "targets": ["q_proj", "v_proj", "down_proj"]}}
FAMILIES = {
    "llama": (transformers.LlamaConfig(**SHAPE, attention_bias=True, mlp_bias=True, tie_word_embeddings=False, rope_parameters=ROPE),
              torch.bfloat16, "30KB"),
    "qwen2": (transformers.Qwen2Config(**SHAPE, tie_word_embeddings=True), torch.float16, "1GB"),
    "mistral-window": (transformers.MistralConfig(**SHAPE, sliding_window=5, head_dim=12), torch.bfloat16, "1GB"),
    # no attention bias: a bias of unrotated keys moves all scores of a query alike, so that its gradient is rounding noise
    "smollm3-no-rope": (transformers.SmolLM3Config(**SHAPE, no_rope_layers=[1, 0], mlp_bias=True), torch.bfloat16, "1GB"),
    "gemma3-mixed": (transformers.Gemma3TextConfig(**SHAPE, head_dim=12, query_pre_attn_scalar=20, sliding_window=6, attention_bias=True,
                     layer_types=["sliding_attention", "full_attention"], rope_parameters={
                         "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
                         "sliding_attention": {"rope_type": "default", "rope_theta": 1e4}}), torch.bfloat16, "1GB"),
    "phi3-window": (transformers.Phi3Config(**SHAPE, sliding_window=7, tie_word_embeddings=True), torch.bfloat16, "1GB"),
    "gemma2": (transformers.Gemma2Config(**SHAPE, head_dim=12, query_pre_attn_scalar=20, sliding_window=6, attn_logit_softcapping=4.0,
               final_logit_softcapping=5.0), torch.bfloat16, "1GB"),
    "qwen3-yarn": (transformers.Qwen3Config(**SHAPE, head_dim=12, rope_parameters={
        "rope_type": "yarn", "rope_theta": 1e4, "factor": 4.0, "original_max_position_embeddings": 16}), torch.bfloat16, "1GB"),
    # rows of 8 to 40 tokens: some have the short factors, some the long ones, each by its own length
    "phi3-longrope": (transformers.Phi3Config(**SHAPE, original_max_position_embeddings=24, rope_parameters={
        "rope_type": "longrope", "rope_theta": 1e4, "short_factor": [1.0, 1.1, 1.3, 1.6], "long_factor": [1.0, 2.0, 3.5, 5.0]}),
        torch.bfloat16, "1GB"),
}
OWN_TARGETS = {"phi3-window": ["qkv_proj", "down_proj"], "phi3-longrope": ["qkv_proj", "down_proj"]}


def make_rows(generator, together=None):
    """Rows of 8 to 40 tokens; those of one batch are all longer than `together`, or none is (longrope turns by the batch's longest)."""
    rows = []
    for index in range(BATCH * ACCUMULATION * STEPS):
        n = generator.randint(8, 40)
        while together and index % BATCH and (n > together) != (len(rows[-1]["input_ids"]) > together):
            n = generator.randint(8, 40)
        ids = [1] + [generator.randint(3, VOCABULARY - 1) for _ in range(n - 2)] + [2]
        k = max(1, int(n * generator.uniform(0.1, 0.8)))
        rows.append({"input_ids": ids, "labels": [-100] * k + ids[k:]})
    return rows


def collate(rows):
    n = max(len(row["input_ids"]) for row in rows)
    pad = lambda values, fill: values + [fill] * (n - len(values))
    return {"input_ids": torch.tensor([pad(r["input_ids"], 0) for r in rows]),
            "labels": torch.tensor([pad(r["labels"], -100) for r in rows]),
            "attention_mask": torch.tensor([pad([1] * len(r["input_ids"]), 0) for r in rows])}


def token_losses(model, row):
    batch = collate([row])
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits[0, :-1].float()
    return torch.nn.functional.cross_entropy(logits, batch["labels"][0, 1:], ignore_index=-100, reduction="none")


def scored(row):
    return sum(label != -100 for label in row["labels"][1:])


def train(model, rows, rate):
    log = []

    class Record(transformers.TrainerCallback):
        def on_log(self, args, state, control, logs=None, **kwargs):
            if "loss" in logs:
                log.append({"loss": logs["loss"], "grad_norm": float(logs["grad_norm"]), "learning_rate": logs["learning_rate"]})

    arguments = transformers.TrainingArguments(
        output_dir="/tmp/oracle", per_device_train_batch_size=BATCH, gradient_accumulation_steps=ACCUMULATION, max_steps=STEPS,
        learning_rate=rate, lr_scheduler_type="linear", warmup_steps=2, weight_decay=RUN["weight_decay"], max_grad_norm=RUN["clip"],
        adam_beta1=RUN["betas"][0], adam_beta2=RUN["betas"][1], adam_epsilon=RUN["eps"], logging_steps=1, save_strategy="no",
        report_to=[], use_cpu=True, seed=0, optim="adamw_torch", disable_tqdm=True, remove_unused_columns=False)
    trainer = transformers.Trainer(model=model, args=arguments, train_dataset=rows, data_collator=collate, callbacks=[Record()])
    trainer._get_train_sampler = lambda *_: torch.utils.data.SequentialSampler(rows)
    trainer.train()
    model.eval()
    with torch.no_grad():
        mean = sum(token_losses(model, row).sum().item() for row in rows) / sum(map(scored, rows))
    return {"steps": log, "eval_loss_after": mean}


def gradient_norms(model):
    return {name: p.grad.double().norm().item() for name, p in model.named_parameters() if p.grad is not None}


def first_step(model, rows):
    model.zero_grad()
    for row in rows:
        (token_losses(model, row).sum() / sum(map(scored, rows))).backward()
    return gradient_norms(model)


def weighted_step(model, rows, generator):
    """Weights of the rows' targets: position i's weight belongs to token i + 1."""
    weights = [[round(generator.choice([0, 0.25, 1, 1.5]), 2) for _ in row["input_ids"][1:]] for row in rows]
    total = sum(w for row, ws in zip(rows, weights) for w, label in zip(ws, row["labels"][1:]) if label != -100)
    model.zero_grad()
    loss = sum((token_losses(model, row) * torch.tensor(ws)).sum() for row, ws in zip(rows, weights)) / total
    loss.backward()
    norms = gradient_norms(model)
    return {"weights": weights, "loss": loss.item(), "grad_norm": sum(n * n for n in norms.values()) ** 0.5}


def main():
    for seed, (name, (config, dtype, shard)) in enumerate(FAMILIES.items(), start=11):
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        folder = HERE / name
        torch.manual_seed(seed)
        model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="eager").float()
        for p in model.parameters():
            p.data = p.data + 0.1 * torch.randn_like(p) if p.ndim == 1 else p.data * 6
        model.to(dtype).save_pretrained(folder / "model", max_shard_size=shard)
        load = lambda: transformers.AutoModelForCausalLM.from_pretrained(folder / "model", attn_implementation="eager", dtype=torch.float32)
        generator = random.Random(seed)
        rows = make_rows(generator, getattr(config, "original_max_position_embeddings", None))
        (folder / "data.jsonl").write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))
        model = load().eval()
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([rows[0]["input_ids"]])).logits[0]
        expected = {"model": name, "torch": torch.__version__, "transformers": transformers.__version__,
                    "parameters": sum(p.numel() for p in model.parameters()), "run": RUN,
                    "logits_row0": [[round(x, 6) for x in row[:8].tolist()] for row in logits],
                    "logsumexp_row0": logits.double().logsumexp(-1).tolist(),
                    "grad_norms_first_step_full": first_step(model, rows[:4]),
                    "weighted": weighted_step(model, rows[:4], generator)}
        expected["full"] = train(load(), rows, RUN["lr_full"])
        lora = RUN["lora"]
        torch.manual_seed(seed + 100)
        adapted = get_peft_model(load(), LoraConfig(r=lora["r"], lora_alpha=lora["alpha"], target_modules=OWN_TARGETS.get(name, lora["targets"]), task_type="CAUSAL_LM"))
        for parameter_name, p in adapted.named_parameters():
            if "lora_B" in parameter_name:
                p.data.normal_(std=0.05)
        adapted.save_pretrained(folder / "adapter-init")
        (folder / "adapter-init" / "README.md").unlink(missing_ok=True)
        adapter_config = folder / "adapter-init" / "adapter_config.json"
        adapter_config.write_text(json.dumps(json.loads(adapter_config.read_text()) | {"base_model_name_or_path": "../model"}, indent=2))
        expected["lora"] = train(PeftModel.from_pretrained(load(), folder / "adapter-init", is_trainable=True), rows, RUN["lr_lora"])
        (folder / "expected.json").write_text(json.dumps(expected))
        print(name, expected["parameters"], [round(s["loss"], 4) for s in expected["full"]["steps"]])


if __name__ == "__main__":
    main()
