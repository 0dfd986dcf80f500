"""Writes reference.json: logits, mean cross-entropy and largest Hessian eigenvalue of small networks in plain PyTorch, float64, evaluation
mode. Weights and images are made by a formula that ../networks.rs has too. Needs torch 2.11.0, numpy and scipy: `python reference.py`."""
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from scipy.sparse.linalg import LinearOperator, eigsh

CLASSES = 7
IMAGES = 4


def uniform(key, count):
    """`count` numbers in [0, 1), multiples of 2^-32."""
    x = (np.arange(count, dtype=np.uint64) * np.uint64(2654435761) + np.uint64(key)) & np.uint64(0xFFFFFFFF)
    for _ in range(2):
        x = ((x ^ (x >> np.uint64(16))) * np.uint64(0x45D9F3B)) & np.uint64(0xFFFFFFFF)
    return (x ^ (x >> np.uint64(16))).astype(np.float64) / 2.0**32


def fnv(name):
    x = 0x811C9DC5
    for byte in name.encode():
        x = ((x ^ byte) * 0x01000193) & 0xFFFFFFFF
    return x


def value(name, shape, names):
    """The tensor of this name, float32."""
    u = uniform(fnv(name), int(np.prod(shape)))
    layer, part = name.rsplit(".", 1)
    if len(shape) > 1:
        x = (2 * u - 1) * np.sqrt(6 / np.prod(shape[1:]))
    elif part == "running_var" or (part == "weight" and f"{layer}.running_var" in names):
        x = 0.5 + u
    else:
        x = 0.4 * (u - 0.5)
    return torch.from_numpy(x.astype(np.float32).reshape(shape))


class Block(nn.Module):
    def __init__(self, inputs, planes, stride, shortcut):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, planes, 3, stride, 1, bias=False), nn.BatchNorm2d(planes)
        self.conv2, self.bn2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False), nn.BatchNorm2d(planes)
        self.kind, self.changes = shortcut, inputs != planes
        if shortcut == "B" and self.changes:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, planes, 1, stride, bias=False), nn.BatchNorm2d(planes))
        self.pad = planes // 4

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.kind == "none":
            return F.relu(y)
        if self.changes and self.kind == "A":
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.pad, self.pad))
        elif self.changes:
            x = self.shortcut(x)
        return F.relu(y + x)


class ResNet(nn.Module):
    def __init__(self, widths, blocks, shortcut, head, pool=False):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, widths[0], 3, 1, 1, bias=False), nn.BatchNorm2d(widths[0])
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1) if pool else nn.Identity()
        inputs = widths[0]
        for stage, planes in enumerate(widths, start=1):
            layers = []
            for index in range(blocks):
                layers.append(Block(inputs, planes, 2 if stage > 1 and index == 0 else 1, shortcut))
                inputs = planes
            setattr(self, f"layer{stage}", nn.Sequential(*layers))
        self.stages, self.head = len(widths), head
        setattr(self, head, nn.Linear(inputs, CLASSES))

    def forward(self, x):
        x = self.maxpool(F.relu(self.bn1(self.conv1(x))))
        for stage in range(1, self.stages + 1):
            x = getattr(self, f"layer{stage}")(x)
        return getattr(self, self.head)(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Mnist(nn.Module):
    """PyTorch's examples, mnist/main.py, until 2019; the Outlier Exposure code has another activation."""

    def __init__(self, activation):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 10, kernel_size=5), nn.Conv2d(10, 20, kernel_size=5)
        self.conv2_drop = nn.Dropout2d()
        self.fc1, self.fc2 = nn.Linear(320, 50), nn.Linear(50, CLASSES)
        self.activation = activation

    def forward(self, x):
        x = self.activation(F.max_pool2d(self.conv1(x), 2))
        x = self.activation(F.max_pool2d(self.conv2_drop(self.conv2(x)), 2))
        x = self.activation(self.fc1(x.reshape(-1, 320)))
        x = F.dropout(x, training=self.training)
        return self.fc2(x)


class LeNet5(nn.Module):
    def __init__(self, activation, pool):
        super().__init__()
        self.c1, self.c3, self.c5 = nn.Conv2d(3, 6, 5), nn.Conv2d(6, 16, 5), nn.Conv2d(16, 120, 5)
        self.f6, self.output = nn.Linear(120, 84), nn.Linear(84, CLASSES)
        self.activation, self.pool = activation, pool

    def forward(self, x):
        x = self.pool(self.activation(self.c1(x)), 2)
        x = self.pool(self.activation(self.c3(x)), 2)
        x = self.activation(self.c5(x)).flatten(1)
        return self.output(self.activation(self.f6(x)))


def quick_gelu(x):
    return x * torch.sigmoid(1.702 * x)


SMALL, LARGE = (16, 32, 64), (64, 128, 256, 512)
# name: (network, input, whether the Hessian is measured)
NETWORKS = {
    "resnet8": (ResNet(SMALL, 1, "A", "linear"), (3, 32), True),
    "resnet8_option_b": (ResNet(SMALL, 1, "B", "linear"), (3, 32), True),
    "resnet14_option_b": (ResNet(SMALL, 2, "B", "linear"), (3, 32), False),
    "resnet8_noshort": (ResNet(SMALL, 1, "none", "linear"), (3, 32), True),
    "resnet18_32x32": (ResNet(LARGE, 2, "B", "fc"), (3, 32), False),
    "resnet18_32x32_maxpool": (ResNet(LARGE, 2, "B", "fc", pool=True), (3, 32), False),
    "resnet18_64x64": (ResNet(LARGE, 2, "B", "fc"), (3, 64), False),
    "oe_mnist": (Mnist(quick_gelu), (1, 28), True),
    "mnist_tutorial": (Mnist(F.relu), (1, 28), True),
    "lenet5": (LeNet5(F.relu, F.max_pool2d), (3, 32), False),
    "lenet5_relu_avg": (LeNet5(F.relu, F.avg_pool2d), (3, 32), False),
    "lenet5_tanh_max": (LeNet5(torch.tanh, F.max_pool2d), (3, 32), False),
    "lenet5_tanh_avg": (LeNet5(torch.tanh, F.avg_pool2d), (3, 32), True),
}


def images(channels, side):
    """[IMAGES, channels, side, side] in [0, 1], from u8 pixels [n, h, w, c]; grey images have three equal channels."""
    u = uniform(1, IMAGES * side * side * channels)
    pixels = np.floor(256 * u).reshape(IMAGES, side, side, channels)
    return torch.from_numpy(pixels / 255).permute(0, 3, 1, 2)


def largest_eigenvalue(network, x, y):
    parameters = list(network.parameters())
    gradient = torch.autograd.grad(F.cross_entropy(network(x), y), parameters, create_graph=True)
    flat = torch.cat([g.flatten() for g in gradient])

    def product(v):
        v = torch.from_numpy(np.ascontiguousarray(v.reshape(-1)))
        return torch.cat([h.flatten() for h in torch.autograd.grad(flat @ v, parameters, retain_graph=True)]).numpy()

    size = flat.numel()
    operator = LinearOperator((size, size), matvec=product, dtype=np.float64)
    return float(eigsh(operator, k=1, which="LA", tol=1e-6, v0=np.ones(size))[0][0])


def main():
    results = {}
    for name, (network, (channels, side), hessian) in NETWORKS.items():
        state = network.state_dict()
        state = {key: t if key.endswith("num_batches_tracked") else value(key, tuple(t.shape), state) for key, t in state.items()}
        network.load_state_dict(state)
        network.double().eval()
        x, y = images(channels, side), torch.arange(IMAGES) % CLASSES
        with torch.no_grad():
            logits = network(x)
        results[name] = {"logits": logits.tolist(), "loss": F.cross_entropy(logits, y).item()}
        if hessian:
            results[name]["lambda_max"] = largest_eigenvalue(network, x, y)
        print(name, results[name]["loss"], results[name].get("lambda_max"))
    Path(__file__).with_name("reference.json").write_text(json.dumps(results, indent=1) + "\n")


main()
