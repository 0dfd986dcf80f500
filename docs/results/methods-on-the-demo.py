#!/usr/bin/env python3
"""Fine-tunes the demo's pretrained network by every method of the registry with `flatland train` and prints the table of
methods-on-the-demo.md. Settings are those of checkpoints/oe.toml; hyperparameters are the registry's defaults but for those in SETTINGS.

    cargo build --workspace && docs/results/methods-on-the-demo.py [METHOD ...] > table.md      # FLATLAND names another flatland"""
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLATLAND = os.environ.get("FLATLAND", ROOT / "target/debug/flatland")
# As in checkpoints/*.toml: this small network wants smaller radii than the paper's ResNet-18. Of 52 steps half are annealed.
SETTINGS = {
    "sam": "rho = 0.1\n",
    "sam_oe": "rho = 0.1\n",
    "dr_sam": 'rho = 0.1\naugmentation = { kind = "brightness", severity = 1 }\n',
    "irm": "anneal_steps = 26\n",
    "vrex": "anneal_steps = 26\n",
}
# A numerator that begins at random learns in more steps than a pretrained classifier needs.
LONGER = {"g_odin": (("epochs = 4", "epochs = 16"), ("lr = 0.01", "lr = 0.05"))}

base = (ROOT / "checkpoints/oe.toml").read_text()
base = base.replace('checkpoint = "', f'checkpoint = "{ROOT}/checkpoints/')
methods = json.loads(subprocess.run([FLATLAND, "methods", "--json"], check=True, capture_output=True, text=True).stdout)
methods = methods["methods"] if isinstance(methods, dict) else methods
wanted = sys.argv[1:] or [method["key"] for method in methods]
print("| Method | Settings | Seconds | Loss, first epoch | Loss, last epoch | Parts of the loss, first → last epoch | ID acc. | CS acc. | Near AUROC | Far AUROC |")
print("|---|---|---|---|---|---|---|---|---|---|")
percent = lambda x: f"{100 * x:.1f}"  # noqa: E731
with tempfile.TemporaryDirectory(prefix="flatland-methods-") as folder:
    for number, key in enumerate(wanted):
        settings = SETTINGS.get(key, "")
        run = Path(folder) / f"{key}.toml"
        text = re.sub(r'\[method\].*?\n\n', f'[method]\nname = "{key}"\n{settings}\n', base, count=1, flags=re.S)
        for before, after in LONGER.get(key, ()):
            text = text.replace(before, after)
            settings += f"{after}\n"
        run.write_text(text)
        started = time.perf_counter()
        done = subprocess.run([FLATLAND, "train", run, "--out", Path(folder) / key, "--device", "cpu", "--threads", "2"], capture_output=True, text=True)
        seconds = time.perf_counter() - started
        if done.returncode != 0:
            sys.exit(f"{key} failed: {done.stderr[-2000:]}")
        lines = [json.loads(line) for line in (Path(folder) / key / "metrics.jsonl").read_text().splitlines()]
        start, first, last = lines[0], lines[1], lines[-1]
        row = lambda line: " | ".join(percent(line[name]) for name in ("id_accuracy", "cs_accuracy", "near_auroc", "far_auroc"))  # noqa: E731
        if number == 0:
            print(f"| before (MSP) | | | | | | {row(start)} |")
        parts = [name for name in first if name.startswith("train_") and name != "train_loss"]
        parts = "; ".join(f"{name[6:]} {first[name]:.3f} → {last[name]:.3f}" for name in parts)
        inline = settings.strip().replace("\n", ", ")
        print(f"| `{key}` | {f'`{inline}`' if inline else ''} | {seconds:.0f} | {first['train_loss']:.3f} | {last['train_loss']:.3f} | {parts} | {row(last)} |", flush=True)
