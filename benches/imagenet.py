"""Landscape cells, sharpness steps and Hessian products of ResNet-50 and ViT-B/16 at 224 px by Flatland (exported programs) and by eager PyTorch as it is
tuned by hand: BatchNorm folded, channels last, inference mode, the better of two batch sizes. The same random weights, images and cores, in turn; seconds are
those of the best round. Needs torch and torchvision; `--flatland` is the binary, its worker lies beside it."""
import argparse
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import torchvision
from torch.fx.experimental.optimization import fuse

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--flatland", type=Path, default=Path("target/release/flatland"))
parser.add_argument("--rounds", type=int, default=2)
parser.add_argument("--images", type=int, default=32)
parser.add_argument("--networks", nargs="+", default=["resnet50", "vit_b_16"])
args = parser.parse_args()
folder = Path(tempfile.mkdtemp(prefix="flatland-imagenet-"))
torch.manual_seed(0)


def photographs():
    """Smooth random images as PNG, in two folders of classes."""
    from PIL import Image

    place = folder / "images"
    for k in range(args.images):
        (place / str(k % 2)).mkdir(parents=True, exist_ok=True)
        small = (np.random.default_rng(k).random((14, 14, 3)) * 255).astype(np.uint8)
        Image.fromarray(small).resize((224, 224), Image.BICUBIC).save(place / str(k % 2) / f"{k:03}.png")
    return place


def session(path, images):
    file = folder / f"{path.stem}.toml"
    file.write_text(f"""version = 1
[[checkpoint]]
name = "net"
path = "{path}"
normalization = "imagenet"
[[dataset]]
name = "images"
role = "id"
path = "{images}"
classes = {{ "0" = 0, "1" = 1 }}
[landscape]
alpha = [0.0, 0.01, 0.02]
beta = [0.0]
[sharpness]
rho = [0.01]
steps = 2
[hessian]
top = 1
""")
    return file


def flatland(file, command, out):
    environment = os.environ | {"FLATLAND_CACHE": str(out / "cache"), "XDG_CACHE_HOME": str(out / "cache")}
    start = time.perf_counter()
    subprocess.run([args.flatland, command, file, "--out", out], check=True, capture_output=True, env=environment)
    return time.perf_counter() - start


def tuned(model, x, y, batch):
    """Three cells: weights moved, then the loss of all images."""
    model = fuse(model) if any(isinstance(m, torch.nn.BatchNorm2d) for m in model.modules()) else model
    model = model.to(memory_format=torch.channels_last)
    x = x.contiguous(memory_format=torch.channels_last)
    theta = {name: tensor.clone() for name, tensor in model.named_parameters()}
    delta = {name: torch.randn_like(tensor) * tensor.std() if tensor.dim() > 1 else torch.zeros_like(tensor) for name, tensor in theta.items()}
    start = time.perf_counter()
    with torch.inference_mode():
        for alpha in (0.0, 0.01, 0.02):
            for name, tensor in model.named_parameters():
                tensor.copy_(theta[name] + alpha * delta[name])
            losses = [torch.nn.functional.cross_entropy(model(a), b, reduction="sum") for a, b in zip(x.split(batch), y.split(batch))]
            sum(losses) / len(y)
    return time.perf_counter() - start


def main():
    images = photographs()
    x = torch.randn(args.images, 3, 224, 224)
    y = torch.arange(args.images) % 2
    for name in args.networks:
        model = torchvision.models.get_model(name, weights=None).eval()
        path = folder / f"{name}.pt2"
        torch.export.save(torch.export.export(model, (torch.randn(2, 3, 224, 224),), dynamic_shapes=({0: torch.export.Dim("batch")},)), path)
        file = session(path, images)
        cells, peers = [], []
        for turn in range(args.rounds):
            out = folder / f"{name}-{turn}"
            total = flatland(file, "landscape", out)
            manifest = json.loads(next(out.rglob("landscape.json")).read_text())
            cells.append((total, manifest.get("seconds")))
            peers.append(min(tuned(torchvision.models.get_model(name, weights=None).eval(), x, y, batch) for batch in (8, 16)))
            print(f"{name}, round {turn + 1}: Flatland {total:.2f} s from the session file on, {manifest.get('seconds')} s of cells; PyTorch {peers[-1]:.2f} s", flush=True)


main()
