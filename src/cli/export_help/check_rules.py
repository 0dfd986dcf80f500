"""Compares `rules.rs` with the installed torchvision and timm: python3 check_rules.py. Prints the rows that differ and fails on any.

Written with torchvision 0.26.0 and timm 1.0.31 for torch 2.11.0.
"""

import math
import re
import sys
from pathlib import Path

import timm
import torch
import torchvision

text = (Path(__file__).parent / "rules.rs").read_text()
family = r'family\(\s*(\w+),\s*"[^"]*",\s*"([^"]*)",\s*"([^"]*)",\s*(\w+)\s*,?\s*\)(?:\s*\.at\("([^"]*)"\))?'
row = r'model\("(\w+)", (\d+), ([\d_]+), (\d+)\)((?:\s*\.\w+\((?:"[^"]*"|\w+)\))*)'
wrong = checked = 0
for library, marks, heads, constant, positions in re.findall(family, text):
    models = re.search(rf"const {constant}: &\[Model\] = &\[(.*?)\];", text, re.S).group(1)
    stem = marks.split()[0]
    apart = [f"{head}.{part}" for head in heads.split() for part in ("weight", "bias")] + [positions]
    for name, tensors, values, _, more in re.findall(row, models):
        arguments = re.search(r'\.with\("([^"]*)"\)', more)
        arguments = eval(f"dict({arguments.group(1) if arguments else ''})")
        make = torchvision.models.get_model if library == "Torchvision" else timm.create_model
        # regnet computes with its weights when it is made; without `meta` it takes seconds.
        with torch.device("cpu" if name.startswith("regnet_") else "meta"):
            state = make(name, num_classes=7, **arguments).state_dict()
        kept = {key: list(tensor.shape) for key, tensor in state.items() if tensor.is_floating_point() and key not in apart}
        kept[stem][1] = 3
        found = (len(kept), sum(map(math.prod, kept.values())))
        checked += 1
        if found != (int(tensors), int(values)) or any(mark not in state for mark in marks.split()):
            wrong += 1
            print(f"{library} {name}: the rules have {tensors} tensors and {values} values, the library {found}")
print(f"{checked} models checked, {wrong} differ")
sys.exit(wrong > 0)
