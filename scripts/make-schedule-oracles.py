"""Learning rates of transformers' own schedules, step by step.

Needs torch and transformers 5.23.
usage: python scripts/make-schedule-oracles.py   (from the repository root)
writes test/oracles/config/schedules.json
"""
import json
import pathlib

import torch
from transformers import get_scheduler

OUT = pathlib.Path(__file__).parent.parent / "test" / "oracles" / "config" / "schedules.json"
RATE = 3e-4
CASES = [
    ("constant_with_warmup", 4, 12, {}),
    ("linear", 0, 10, {}),
    ("linear", 3, 20, {}),
    ("cosine", 0, 9, {}),
    ("cosine", 2, 20, {}),
    ("cosine", 2, 20, {"num_cycles": 1.5}),
    ("cosine_with_min_lr", 0, 10, {"min_lr": 3e-5}),
    ("cosine_with_min_lr", 3, 20, {"min_lr_rate": 0.25}),
    ("cosine_with_min_lr", 20, 20, {"min_lr_rate": 0.25, "num_cycles": 1}),
    ("warmup_stable_decay", 0, 10, {"num_decay_steps": 4}),
    ("warmup_stable_decay", 3, 20, {"num_decay_steps": 6, "min_lr_ratio": 0.1}),
    ("warmup_stable_decay", 4, 20, {"num_decay_steps": 5, "num_stable_steps": 6, "decay_type": "linear"}),
    ("warmup_stable_decay", 5, 20, {"num_decay_steps": 8, "warmup_type": "cosine", "decay_type": "1-sqrt", "min_lr_ratio": 0.2}),
    ("warmup_stable_decay", 5, 20, {"num_decay_steps": 8, "warmup_type": "1-sqrt", "num_cycles": 1}),
]


def rates(name, warmup, total, options):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=RATE)
    scheduler = get_scheduler(name, optimizer, warmup, total, scheduler_specific_kwargs=options)
    values = []
    for _ in range(total + 2):  # two steps beyond the end as well
        values.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return values


cases = [
    {"type": name, "warmup": warmup, "total": total, "options": options, "rates": rates(name, warmup, total, options)}
    for name, warmup, total, options in CASES
]
OUT.write_text(json.dumps({"learning_rate": RATE, "cases": cases}, indent=1) + "\n")
