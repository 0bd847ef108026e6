"""Makes expected.json: angles per position of every rope type, from transformers' ROPE_INIT_FUNCTIONS.

usage: python make.py   (needs torch, transformers)
Each case has a config.json as people have it, short and long frequencies and the attention factor; `length` is what "long" means.
"""
import json, pathlib, transformers
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

HERE = pathlib.Path(__file__).parent
SHAPE = {"vocab_size": 64, "hidden_size": 128, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 48,
         "num_hidden_layers": 2}
LONG = [1.0 + 0.3 * i for i in range(16)]
SHORT = [1.0 + 0.01 * i for i in range(16)]
CASES = {
    "default": ("llama", {"rope_theta": 500000.0}),
    "linear": ("llama", {"rope_theta": 1e4, "rope_scaling": {"type": "linear", "factor": 4.0}}),
    "dynamic": ("llama", {"max_position_embeddings": 4096, "rope_scaling": {"type": "dynamic", "factor": 2.0}}),
    "llama3.1": ("llama", {"max_position_embeddings": 131072, "rope_theta": 5e5, "rope_scaling": {
        "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}}),
    "llama3.2 of transformers 5": ("llama", {"max_position_embeddings": 131072, "rope_parameters": {
        "rope_type": "llama3", "rope_theta": 5e5, "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192}}),
    "yarn, Qwen 2.5 at 128k": ("qwen2", {"max_position_embeddings": 131072, "rope_theta": 1e6, "rope_scaling": {
        "type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}}),
    "yarn, original positions left out": ("qwen3", {"head_dim": 32, "max_position_embeddings": 32768, "rope_theta": 1e6,
        "rope_scaling": {"rope_type": "yarn", "factor": 4.0}}),
    "yarn, all parameters": ("llama", {"max_position_embeddings": 8192, "rope_theta": 1e4, "rope_scaling": {
        "rope_type": "yarn", "factor": 16.0, "beta_fast": 20.0, "beta_slow": 2.0, "mscale": 0.707, "mscale_all_dim": 1.0, "truncate": False,
        "original_max_position_embeddings": 512}}),
    "yarn, attention factor": ("llama", {"max_position_embeddings": 8192, "rope_scaling": {
        "rope_type": "yarn", "factor": 2.0, "attention_factor": 1.3, "original_max_position_embeddings": 4096}}),
    "longrope, Phi 3.5": ("phi3", {"max_position_embeddings": 131072, "original_max_position_embeddings": 4096, "rope_theta": 1e4,
        "pad_token_id": 0, "rope_scaling": {"type": "longrope", "short_factor": SHORT, "long_factor": LONG}}),
    "longrope, factor": ("llama", {"max_position_embeddings": 8192, "rope_scaling": {
        "rope_type": "longrope", "factor": 4.0, "short_factor": SHORT, "long_factor": LONG, "original_max_position_embeddings": 2048}}),
    "longrope, attention factor": ("llama", {"max_position_embeddings": 8192, "rope_scaling": {
        "rope_type": "longrope", "attention_factor": 1.5, "short_factor": SHORT, "long_factor": LONG,
        "original_max_position_embeddings": 2048}}),
}


def main():
    expected = []
    for name, (model_type, own) in CASES.items():
        raw = {"model_type": model_type, **SHAPE, **own}
        config = transformers.AutoConfig.for_model(**json.loads(json.dumps(raw)))
        kind = config.rope_parameters["rope_type"]
        model = transformers.AutoModelForCausalLM.from_config(config)
        rotary = model.model.rotary_emb
        case = {"name": name, "config": raw, "frequencies": rotary.inv_freq.tolist(), "attention_factor": float(rotary.attention_scaling)}
        if kind == "longrope":
            above = config.rope_parameters["original_max_position_embeddings"]
            case |= {"above": above, "long_frequencies": ROPE_INIT_FUNCTIONS[kind](config, seq_len=above + 1)[0].tolist()}
        expected.append(case)
    (HERE / "expected.json").write_text(json.dumps(expected, indent=1))


main()
