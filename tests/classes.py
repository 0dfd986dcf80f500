"""Accuracies with the right labels, for classes.rs: the images are read from the original files and labels are theirs.

    python classes.py SHARED

PyTorch 2.11.0 and NumPy. CIFAR-10 test: ResNet-20 of akamaster (option A), inputs normalized by ImageNet's constants, the first 20 images of
each class; the same without airplane and deer. MNIST test: the network of outlier-exposure, pixels in [0, 1],
the first 30 images of each digit, with and without 3.
"""

import gzip
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benches"))
from published_networks import Digits, ResNet  # noqa: E402

shared = Path(sys.argv[1])


def first(labels, n, classes):
    return np.concatenate([np.flatnonzero(labels == c)[:n] for c in classes])


def accuracy(network, x, y):
    with torch.no_grad():
        right = (network(x).argmax(1).numpy() == y).sum()
    return f"{right} of {len(y)}: {float(right / len(y))!r}"


def load(network, name):
    state = torch.load(shared / "data/checkpoints" / name, map_location="cpu", weights_only=False)
    state = state.get("state_dict", state)
    network.load_state_dict({key.removeprefix("module."): value for key, value in state.items()})
    return network.eval()


records = np.fromfile(shared / "data/cifar-10-batches-bin/test_batch.bin", np.uint8).reshape(-1, 3073)
labels, images = records[:, 0].astype(int), records[:, 1:].reshape(-1, 3, 32, 32)
mean, std = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1), torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
x = (torch.from_numpy(images.astype(np.float32)) / 255 - mean) / std
network = load(ResNet(3), "resnet20-12fca82f.th")
for what, classes in (("CIFAR-10", range(10)), ("CIFAR-10 without airplane and deer", [1, 2, 3, 5, 6, 7, 8, 9])):
    chosen = first(labels, 20, classes)
    print(what, accuracy(network, x[chosen], labels[chosen]))

with gzip.open(next((shared / "data/mnist").glob("t10k-images*"))) as file:
    images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 1, 28, 28)
with gzip.open(next((shared / "data/mnist").glob("t10k-labels*"))) as file:
    labels = np.frombuffer(file.read(), np.uint8, offset=8).astype(int)
x = torch.from_numpy(images.astype(np.float32)) / 255
network = load(Digits(), "oe_mnist_baseline_epoch_9.pt")
for what, digits in (("MNIST", range(10)), ("MNIST without 3", [0, 1, 2, 4, 5, 6, 7, 8, 9])):
    chosen = first(labels, 30, digits)
    print(what, accuracy(network, x[chosen], labels[chosen]))
