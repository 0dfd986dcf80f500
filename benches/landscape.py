"""The landscape of a CIFAR ResNet-20 by Flatland, by the oracle and by loss-landscapes 3.0.6: the same images, weights, grid and cores, in
turn, several rounds; seconds are the best round's. Each is timed from the checkpoint file to the finished surface, without importing torch
or linking libtorch. Flatland and the oracle walk the same plane, so their losses are compared; loss-landscapes draws planes of its own."""
import argparse
import os
import runpy
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("shared", type=Path)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--grid", type=int, default=9)
parser.add_argument("--limit", type=int, default=512)
parser.add_argument("--extent", type=float, default=0.5)
args = parser.parse_args()

oracle = args.shared / "oracle"
sys.path.insert(0, str(oracle))
checkpoint = args.shared / "data/checkpoints/resnet20-12fca82f.th"
images = args.shared / "data/cifar-10-batches-bin/test_batch.bin"
directions = args.shared / "golden/directions_resnet20.npz"
axis = [repr(float(x)) for x in np.linspace(-args.extent, args.extent, args.grid)]
folder = Path(tempfile.mkdtemp(prefix="flatland-bench-"))


def run_oracle(out):
    sys.argv = ["landscape.py", str(checkpoint), str(images), str(directions), "--limit", str(args.limit), "--out", str(out)]
    sys.argv += ["--alpha", *axis, "--beta", *axis]
    stdout, sys.stdout = sys.stdout, open(os.devnull, "w")
    try:
        start = time.perf_counter()
        runpy.run_path(str(oracle / "landscape.py"))
        return time.perf_counter() - start
    finally:
        sys.stdout.close()
        sys.stdout = stdout


def run_flatland(out):
    command = [os.environ["FLATLAND_BENCH"], checkpoint, images, directions, args.limit, out, *axis]
    done = subprocess.run([str(x) for x in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"bench: Flatland failed: {done.stderr}")
    return float(done.stdout)


def run_loss_landscapes(_):
    import loss_landscapes
    from loss_landscapes.metrics import Loss
    from nets import load_images, load_net, to_input

    start = time.perf_counter()
    net = load_net(str(checkpoint))
    pixels, labels = load_images(str(images), args.limit)
    metric = Loss(torch.nn.functional.cross_entropy, to_input(pixels, "imagenet"), torch.from_numpy(labels))
    loss_landscapes.random_plane(net, metric, distance=1, steps=args.grid, normalization="filter", deepcopy_model=True)
    return time.perf_counter() - start


peers = {"flatland": run_flatland, "oracle": run_oracle}
try:
    import loss_landscapes  # noqa: F401

    peers["loss-landscapes"] = run_loss_landscapes
except ImportError:
    print("loss-landscapes is not installed: left out (pip install loss-landscapes==3.0.6)")
seconds = {name: [] for name in peers}
for turn in range(args.rounds):
    for name, run in peers.items():
        seconds[name].append(run(folder / f"{name}-{turn}"))
        print(f"round {turn + 1}: {name} {seconds[name][-1]:.2f} s", flush=True)

best = {name: min(values) for name, values in seconds.items()}
print(f"\nResNet-20, {args.grid}x{args.grid} grid, {args.limit} images, float32, {torch.get_num_threads()} threads, best of {args.rounds}")
for name, value in best.items():
    print(f"{name:16} {value:8.2f} s   Flatland is {value / best['flatland']:.2f} times as fast" if name != "flatland" else f"{name:16} {value:8.2f} s")
found = np.load(folder / "flatland-0" / "landscape.npz")["loss"]
expected = np.load(folder / "oracle-0.npz")["loss"]
print(f"largest relative difference of the loss to the oracle: {np.max(np.abs(found - expected) / np.abs(expected)):.1e}")
