"""The test cases that the window copies pass, and one with a wrong id or label does not."""
import importlib
import json
import pathlib
import sys

listing = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(listing.parent))


def fails(module):
    try:
        module.test_row()
    except AssertionError:
        return True
    return False


for case in json.load(open(listing, encoding="utf8")):
    module = importlib.import_module(case["module"])
    module.test_row()
    assert len(module.IDS) == len(module.LABELS) == case["ids"]
    assert sum(label != -100 for label in module.LABELS) == case["labels"] > 0
    for column in (module.IDS, module.LABELS):
        last, column[-1] = column[-1], 12345
        assert fails(module), case["name"]
        column[-1] = last
    print(f"{case['name']}: {case['ids']} ids, {case['labels']} labels")
