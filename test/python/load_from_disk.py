"""A folder of `sift encode --format hf` opened by `datasets` holds exactly what `sift encode` printed."""
import json
import sys

from datasets import load_from_disk

folder, printed = sys.argv[1:]
data = load_from_disk(folder)
lines = [json.loads(line) for line in open(printed, encoding="utf8")]
assert len(data) == len(lines) > 0, (len(data), len(lines))
for row, line in zip(data, lines):
    assert row["input_ids"] == line["ids"], line["row"]
    assert row["labels"] == line["labels"], line["row"]
    assert row["attention_mask"] == [1] * len(line["ids"]), line["row"]
again = data.filter(lambda row: len(row["input_ids"]) > 50, load_from_cache_file=False)
assert 0 < len(again) < len(data)
print(f"datasets.load_from_disk: {len(data)} rows equal, {data.column_names}")
