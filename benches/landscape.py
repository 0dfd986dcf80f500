"""The landscape of a CIFAR ResNet-20 by Flatland (float32 and bfloat16), by a plain PyTorch program (`oracle`), by an optimized one (`tuned`)
and by loss-landscapes 3.0.6: the same images, weights, grid and cores, in turn, several rounds; seconds are the best round's. Then how soon Flatland
has a first picture, and how good its anytime picture is at a tenth of the work. Each is timed from the checkpoint file to the finished surface, without importing torch
or linking libtorch. Flatland and the plain program evaluate the same plane, so their losses are compared; loss-landscapes draws its own planes."""
import argparse
import json
import os
import runpy
import re
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


def run_flatland(out, precision="f32", grid=None, limit=None, hear=lambda seconds, event: None, axes=None):
    """A warm worker process, from the request to `done`; `hear` may say True to cancel it."""
    alpha, beta = axes or [np.linspace(-args.extent, args.extent, grid or args.grid).tolist()] * 2
    shared = args.shared.resolve()
    place = lambda path: str(shared / path.relative_to(args.shared))  # noqa: E731
    source = {"name": "test", "path": place(images), "subset": {"first": limit or args.limit}, "seed": 0}
    job = {
        "kind": "landscape",
        "checkpoint": {"name": "resnet20", "path": place(checkpoint), "architecture": None, "normalization": "imagenet"},
        "dataset": {"role": "id", "source": source | {"split": None, "format": None, "corruption": None}},
        "alpha": alpha,
        "beta": beta,
        "seed": 0,
        "directions": place(directions),
        "save_directions": False,
        "out": str(out),
        "device": "cpu",
        "precision": precision,
    }
    # As the app starts its workers.
    environment = os.environ | {"OMP_WAIT_POLICY": "passive", "NVIDIA_TF32_OVERRIDE": "0"}
    command = [os.environ["FLATLAND_WORKER"], "serve"]
    worker = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(number, spec):
        start = time.perf_counter()
        worker.stdin.write(json.dumps({"request": "run", "id": number, "spec": spec}) + "\n")
        worker.stdin.flush()
        for line in worker.stdout:
            event = json.loads(line)["event"]
            if hear(time.perf_counter() - start, event):
                worker.stdin.write(json.dumps({"request": "cancel", "id": number}) + "\n")
                worker.stdin.flush()
            if event["event"] in ("done", "cancelled"):
                return time.perf_counter() - start
            if event["event"] in ("failed", "cancelled"):
                sys.exit(f"bench: Flatland's worker says: {event.get('message', 'cancelled')}")
        sys.exit("bench: Flatland's worker ended before it was done")

    ask(1, {"kind": "inspect", "path": place(checkpoint)})
    seconds = ask(2, job)
    worker.stdin.close()
    worker.wait()
    return seconds


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


def run_tuned(_):
    """What the script says of its own loop: without loading, and without its search for the best batch."""
    command = [sys.executable, str(oracle / "landscape_tuned.py"), str(checkpoint), str(images), str(directions)]
    command += ["--grid", str(args.grid), "--extent", str(args.extent), "--limit", str(args.limit)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(re.search(r"tuned ([0-9.]+) s", said)[1])


def anytime(grid, limit, side):
    """Seconds to the first whole picture, and the median relative error of the picture once every cell was looked at on a tenth of the images,
    over side x side cells drawn at random from the grid, which are then computed on all of them."""
    picture, first = None, None

    def hear(seconds, event):
        nonlocal picture, first
        if event["event"] == "estimate" and None not in event["loss"]:
            picture, first = np.array(event["loss"]).reshape(grid, grid), first or seconds
        return event["event"] == "cells"

    run_flatland(folder / f"anytime-{limit}", grid=grid, limit=limit, hear=hear)
    random, axis = np.random.default_rng(0), np.linspace(-args.extent, args.extent, grid)
    chosen = [np.sort(random.choice(grid, side, replace=False)) for _ in range(2)]
    run_flatland(folder / f"whole-{limit}", limit=limit, axes=[axis[places].tolist() for places in chosen])
    whole = np.load(folder / f"whole-{limit}" / "landscape.npz")["loss"]
    return first, np.median(np.abs(picture[np.ix_(*chosen)] / whole - 1))


peers = {
    "flatland": run_flatland,
    "flatland bf16": lambda out: run_flatland(out, "bf16"),
    "oracle": run_oracle,
    "tuned": run_tuned,
}
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
    ratio = value / best["flatland"]
    said = "" if name == "flatland" else f"   Flatland is {ratio:.2f} times as fast as this" if ratio >= 1 else f"   this is {1 / ratio:.2f} times as fast as Flatland in float32"
    print(f"{name:16} {value:8.2f} s{said}")
found = np.load(folder / "flatland-0" / "landscape.npz")["loss"]
expected = np.load(folder / "oracle-0.npz")["loss"]
difference = np.abs(found - expected) / np.abs(expected)
print(f"largest relative difference of the loss to the oracle: {np.max(difference):.1e}")
found = np.load(folder / "flatland bf16-0" / "landscape.npz")["loss"]
difference = np.abs(found - expected) / np.abs(expected)
print(f"in bf16: median {np.median(difference):.1e}, largest {np.max(difference):.1e}")
print(f"5x5 cells, 128 images: the whole surface after {run_flatland(folder / 'coarse', grid=5, limit=128):.2f} s")
for grid, limit, side in [(5, 1280, 5), (21, 10000, 7)]:
    first, median = anytime(grid, limit, side)
    print(f"anytime, {grid}x{grid} cells, {limit} images: first whole picture after {first:.2f} s; with a tenth of the work the median relative error is {100 * median:.2f} %")
