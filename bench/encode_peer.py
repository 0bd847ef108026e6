"""The peer of `sift encode`: apply_chat_template with the assistant mask over a file, in `datasets.map` with worker processes.

Prints one JSON object: seconds of the map alone (loading libraries, tokenizer and file is not counted), rows, and a SHA-256 over
ids and mask, so that the two can be compared. Usage: encode_peer.py DATA TOKENIZER TEMPLATE PROCESSES
"""

import hashlib
import json
import os
import sys
import tempfile
import time

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_DISABLE_PROGRESS_BARS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["HF_DATASETS_CACHE"] = tempfile.mkdtemp()

import numpy  # noqa: E402
from datasets import Dataset, disable_caching  # noqa: E402
from transformers import AutoTokenizer  # noqa: E402

data, folder, template, processes = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
disable_caching()
tokenizer = AutoTokenizer.from_pretrained(folder)
with open(template, encoding="utf-8") as file:
    tokenizer.chat_template = file.read()
with open(data, encoding="utf-8") as file:
    rows = Dataset.from_list([{"messages": json.loads(line)["messages"]} for line in file])


def encode(row):
    out = tokenizer.apply_chat_template(
        row["messages"], tokenize=True, return_dict=True, return_assistant_tokens_mask=True
    )
    return {"input_ids": out["input_ids"], "assistant_masks": out["assistant_masks"]}


start = time.perf_counter()
encoded = rows.map(encode, num_proc=processes, remove_columns=rows.column_names)
seconds = time.perf_counter() - start

digest = hashlib.sha256()
for row in encoded:
    ids = numpy.asarray(row["input_ids"], dtype="<i4")
    mask = numpy.asarray(row["assistant_masks"], dtype="<i4")
    digest.update(ids.tobytes())
    digest.update(numpy.where(mask == 1, ids, -100).astype("<i4").tobytes())
print(json.dumps({"rows": len(rows), "seconds": seconds, "sha256": digest.hexdigest()}))
