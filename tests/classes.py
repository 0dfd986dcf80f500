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
import torch.nn as nn
import torch.nn.functional as F

shared = Path(sys.argv[1])


class Block(nn.Module):
    def __init__(self, inputs, planes, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, planes, 3, stride, 1, bias=False), nn.BatchNorm2d(planes)
        self.conv2, self.bn2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False), nn.BatchNorm2d(planes)
        self.pad = planes // 4 if stride != 1 else None

    def forward(self, x):
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.pad is not None:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.pad, self.pad))
        return F.relu(out + x)


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        inputs = 16
        for stage, planes in enumerate((16, 32, 64), start=1):
            blocks = [Block(inputs if k == 0 else planes, planes, 2 if stage > 1 and k == 0 else 1) for k in range(3)]
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
            inputs = planes
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.linear(F.adaptive_avg_pool2d(x, 1).flatten(1))


def gelu(x):
    return torch.sigmoid(1.702 * x) * x


class Digits(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 10, 5), nn.Conv2d(10, 20, 5)
        self.fc1, self.fc2 = nn.Linear(320, 50), nn.Linear(50, 10)

    def forward(self, x):
        x = gelu(F.max_pool2d(self.conv1(x), 2))
        x = gelu(F.max_pool2d(self.conv2(x), 2))
        return self.fc2(gelu(self.fc1(x.flatten(1))))


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
network = load(ResNet20(), "resnet20-12fca82f.th")
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
