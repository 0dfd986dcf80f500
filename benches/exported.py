"""One checkpoint three times: read as a built-in network, as an exported program (.pt2) and as an ONNX file with its own weights. For each way Flatland computes the same landscape and the same three
fine-tuning steps; compared with the built-in network are the losses of all cells (limit 1e-6 of the largest), the loss and the gradient's norm of each step
(1e-5), and the seconds of the landscape from start to end.

The checkpoints are those of akamaster/pytorch_resnet_cifar10, of OECC (DenseNet-BC-100-12) and of hendrycks/outlier-exposure (MNIST); the images CIFAR-10 in
its binary form and MNIST's idx files. Needs a Python with torch 2.11.0 and numpy, and onnx for the third:

    python benches/exported.py --data FOLDER [--only resnet20 --images 64]

FOLDER holds checkpoints/, cifar-10-batches-bin/ and mnist/. Ends with 1 where a limit is exceeded."""
import argparse
import importlib.util
import json
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from flatland_command import Refused, flatland
from published_networks import Digits, ResNet

ROOT = Path(__file__).resolve().parent.parent
LIMITS = {"cells": 1e-6, "steps": 1e-5}


class Bottleneck(nn.Module):
    """Of a DenseNet-BC of Huang et al. 2017 with growth 12."""

    def __init__(self, inputs):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), nn.Conv2d(inputs, 48, 1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(48), nn.Conv2d(48, 12, 3, 1, 1, bias=False)

    def forward(self, x):
        return torch.cat([x, self.conv2(F.relu(self.bn2(self.conv1(F.relu(self.bn1(x))))))], 1)


class Layers(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.layer = nn.Sequential(*(Bottleneck(channels + 12 * k) for k in range(16)))

    def forward(self, x):
        return self.layer(x)


class Transition(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), nn.Conv2d(inputs, inputs // 2, 1, bias=False)

    def forward(self, x):
        return F.avg_pool2d(self.conv1(F.relu(self.bn1(x))), 2)


class DenseNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 24, 3, 1, 1, bias=False)
        self.block1, self.trans1 = Layers(24), Transition(216)
        self.block2, self.trans2 = Layers(108), Transition(300)
        self.block3, self.bn1, self.fc = Layers(150), nn.BatchNorm2d(342), nn.Linear(342, 10)

    def forward(self, x):
        x = self.block3(self.trans2(self.block2(self.trans1(self.block1(self.conv1(x))))))
        return self.fc(F.adaptive_avg_pool2d(F.relu(self.bn1(x)), 1).flatten(1))


# Name: module, file, architecture where tensors do not tell it, normalization, images.
CIFAR, MNIST = "cifar-10-batches-bin", "mnist"
CHECKPOINTS = {
    "resnet20": (lambda: ResNet(3), "resnet20-12fca82f.th", None, "imagenet", CIFAR),
    "resnet56": (lambda: ResNet(9), "resnet56-4bfd9763.th", None, "imagenet", CIFAR),
    "densenet": (DenseNet, "oecc_cifar10_densenet_tuned.pth", None, "hendrycks", CIFAR),
    "mnist": (Digits, "oe_mnist_oe_tune_epoch_4.pt", "oe_mnist", "none", MNIST),
}

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--data", type=Path, required=True)
parser.add_argument("--flatland", type=Path, default=ROOT / "target/release/flatland", help="its worker lies beside it")
parser.add_argument("--only", nargs="+", choices=CHECKPOINTS, default=list(CHECKPOINTS))
parser.add_argument("--images", type=int, default=512)
parser.add_argument("--side", type=int, default=5, help="cells along each axis")
parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
parser.add_argument("--rounds", type=int, default=1, help="seconds are the least of so many rounds")


def load(name, data):
    """The module with the weights of its checkpoint."""
    create, file, *_ = CHECKPOINTS[name]
    content = torch.load(data / "checkpoints" / file, map_location="cpu", weights_only=True)
    weights = content.get("state_dict", content)
    model = create()
    # `num_batches_tracked` was not saved before PyTorch 0.4.1.
    weights = {key.removeprefix("module."): value for key, value in weights.items()}
    missing, unexpected = model.load_state_dict(weights, strict=False)
    if unexpected or any(not key.endswith("num_batches_tracked") for key in missing):
        sys.exit(f"{file}: missing {missing}, unexpected {unexpected}")
    return model.eval()


def write(name, data, folder):
    """The checkpoint as an exported program and as an ONNX file."""
    model = load(name, data)
    x = torch.randn(2, *((1, 28, 28) if CHECKPOINTS[name][4] == MNIST else (3, 32, 32)))
    program = torch.export.export(model, (x,), dynamic_shapes=({0: torch.export.Dim("batch")},))
    torch.export.save(program, folder / f"{name}.pt2")
    if importlib.util.find_spec("onnx") is None:
        print(f"{name}.onnx: left out, the package onnx is not installed")
        return [folder / f"{name}.pt2"]
    kept = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}
    batch = {"input_names": ["x"], "dynamic_axes": {"x": {0: "batch"}}}
    with warnings.catch_warnings(action="ignore"):
        torch.onnx.export(model, (x,), folder / f"{name}.onnx", dynamo=False, opset_version=18, **kept, **batch)
    return [folder / f"{name}.pt2", folder / f"{name}.onnx"]


def compute(args, folder, name, path):
    """Losses of the cells, [loss, gradient norm] of the steps, and seconds of the landscape."""
    _, _, architecture, normalization, images = CHECKPOINTS[name]
    architecture = f'architecture = "{architecture}"\n' if architecture and path.suffix not in (".pt2", ".onnx") else ""
    dataset = f'[[dataset]]\nname = "images"\npath = "{(args.data / images).resolve()}"\nsplit = "test"\nfirst = {args.images}\n'
    grid = [round(-0.5 + k / (args.side - 1), 6) for k in range(args.side)]
    (folder / "session.toml").write_text(
        f'version = 1\n[[checkpoint]]\nname = "net"\npath = "{path}"\nnormalization = "{normalization}"\n{architecture}'
        f'{dataset}role = "id"\n[landscape]\nalpha = {grid}\nbeta = {grid}\n'
    )
    (folder / "run.toml").write_text(
        f'version = 1\ncheckpoint = "{path}"\nnormalization = "{normalization}"\n{architecture}max_steps = 3\nbatch = 32\nshuffle = false\n'
        f'transform = "none"\nlog_every = 1\n[method]\nname = "sam"\nrho = 0.01\n{dataset}role = "train"\n'
    )
    out = folder / f"{path.suffix[1:]}-{time.time_ns()}"
    seconds = flatland(args, folder, "landscape", "session.toml", "--out", out / "landscape", "--no-cache")
    cells = np.load(next(out.glob("landscape/**/landscape.npz")))["loss"]
    flatland(args, folder, "train", "run.toml", "--out", out / "run")
    steps = [json.loads(line) for line in (out / "run/steps.jsonl").read_text().splitlines()]
    return cells, np.array([[step["train_loss"], step["gradient_norm"]] for step in steps]), seconds


def relative(found, expected):
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def main():
    args = parser.parse_args()
    args.flatland = args.flatland.resolve()
    exceeded = False
    for name in args.only:
        with tempfile.TemporaryDirectory(prefix="flatland-exported-") as folder:
            folder = Path(folder)
            torch.manual_seed(0)
            paths = [(args.data / "checkpoints" / CHECKPOINTS[name][1]).resolve(), *write(name, args.data, folder)]
            rounds = [[compute(args, folder, name, path) for path in paths] for _ in range(args.rounds)]
            cells, steps, _ = rounds[-1][0]
            built_in = min(of[0][2] for of in rounds)
            for k, path in enumerate(paths[1:], 1):
                other_cells, other_steps, _ = rounds[-1][k]
                found = {"cells": relative(other_cells, cells), "steps": max(relative(other_steps[:, c], steps[:, c]) for c in range(2))}
                exceeded |= any(found[key] > LIMITS[key] for key in LIMITS)
                numbers = ", ".join(f"{key} {value:.1e}" for key, value in found.items())
                seconds = min(of[k][2] for of in rounds)
                print(f"{path.name}: {numbers}; {seconds:.2f} s, built-in {built_in:.2f} s ({seconds / built_in:.2f})", flush=True)
    sys.exit(exceeded)


try:
    main()
except Refused as refused:
    sys.exit(str(refused))
