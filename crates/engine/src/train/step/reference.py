"""Steps of training as a small PyTorch program makes them, for the tests of steps, optimizers and warm-up: writes `reference.json` beside
it. Independent of Flatland; needs torch and numpy.

    python crates/engine/src/train/step/reference.py
"""
import json
import math
import os
import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
CLASSES = 3


class Block(torch.nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.shrinks = inputs != outputs
        self.conv1 = torch.nn.Conv2d(inputs, outputs, 3, 2 if self.shrinks else 1, 1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(outputs)
        self.conv2 = torch.nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = torch.nn.BatchNorm2d(outputs)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.shrinks:
            pad = y.shape[1] // 4
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, pad, pad))
        return F.relu(y + x)


class ResNet8(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(16)
        self.layer1, self.layer2, self.layer3 = (
            torch.nn.Sequential(Block(*widths)) for widths in [(16, 16), (16, 32), (32, 64)])
        self.linear = torch.nn.Linear(64, CLASSES)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        return self.linear(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))


def wave(n, phase):
    return np.sin(12.9898 * np.arange(1, n + 1, dtype=np.float64) + phase)


def network():
    net = ResNet8().double()
    tensors = [(name, tensor) for name, tensor in net.state_dict().items() if not name.endswith("num_batches_tracked")]
    for k, (name, tensor) in enumerate(tensors):
        values = torch.from_numpy(wave(tensor.numel(), 0.3 * k)).view(tensor.shape)
        if tensor.dim() > 1:
            tensor.copy_(1.5 / math.sqrt(tensor[0].numel()) * values)
        elif name.endswith("running_var") or (name.endswith("weight")):
            tensor.copy_(1 + 0.1 * values)
        else:
            tensor.copy_(0.1 * values)
    return net


def images(n, phase):
    return torch.from_numpy(1.5 * wave(n * 3 * 32 * 32, phase)).view(n, 3, 32, 32)


def batch(step, part, n, outliers):
    key = 10 * step + part
    out = images(outliers, 100.5 + key) if outliers else None
    return images(n, 0.5 + key), torch.arange(n) * 7 % CLASSES, out


def objective(net, case, images, labels, outliers):
    if outliers is None:
        return F.cross_entropy(net(images), labels)
    logits = net(torch.cat([images, outliers]))
    outlier = logits[len(images):]
    uniform = (outlier.logsumexp(1) - outlier.mean(1)).mean()
    return F.cross_entropy(logits[:len(images)], labels) + case["lambda"] * uniform


def running(net, on):
    """Whether running statistics move: momentum 0 keeps them."""
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 0.1 if on else 0.0


def accumulated(net, case, batches, update):
    """The gradient of the mean over all ID images, batch by batch; gives the loss."""
    running(net, update)
    net.zero_grad()
    total = sum(len(labels) for _, labels, _ in batches)
    loss = 0.0
    for x, y, out in batches:
        part = objective(net, case, x, y, out) * (len(y) / total)
        part.backward()
        loss += part.item()
    return loss


def train(case):
    net = network()
    parameters = list(net.parameters())
    if case["optimizer"] == "sgd":
        optimizer = torch.optim.SGD(parameters, lr=case["lr"], momentum=0.9, nesterov=True, weight_decay=case["weight_decay"])
    else:
        optimizer = torch.optim.AdamW(parameters, lr=case["lr"], betas=case["betas"], eps=case["eps"], weight_decay=case["weight_decay"])
    warmup = case["warmup"]
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / warmup) if warmup else 1.0)
    steps = []
    for step in range(case["steps"]):
        batches = [batch(step, part, n, case["outliers"]) for part, n in enumerate(case["batches"])]
        two = case["rho"] is not None
        first = accumulated(net, case, batches, not two or case["batch_norm"] != "second")
        second = None
        if two:
            theta = [p.detach().clone() for p in parameters]
            scaled = [p.grad * (p.detach() if case["adaptive"] else 1) for p in parameters]
            norm = torch.cat([s.ravel() for s in scaled]).norm() + 1e-12
            with torch.no_grad():
                for p, s, t in zip(parameters, scaled, theta):
                    p.add_(case["rho"] / norm * s * (t if case["adaptive"] else 1))
            second = accumulated(net, case, batches, case["batch_norm"] != "first")
            with torch.no_grad():
                for p, t in zip(parameters, theta):
                    p.copy_(t)
        if case["clip_norm"] is not None:
            norm = torch.nn.utils.clip_grad_norm_(parameters, case["clip_norm"]).item()
        else:
            norm = torch.cat([p.grad.ravel() for p in parameters]).norm().item()
        clipped = torch.cat([p.grad.ravel() for p in parameters]).norm().item()
        steps.append({"lr": optimizer.param_groups[0]["lr"], "first": first, "second": second, "norm": norm, "clipped": clipped})
        optimizer.step()
        schedule.step()
    prints = {}
    for name, tensor in net.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            values = tensor.numpy().ravel()
            prints[name] = [float(np.linalg.norm(values)), float(values @ np.cos(np.arange(values.size, dtype=np.float64)))]
    return {"case": case, "steps": steps, "tensors": prints}


BASE = {"optimizer": "sgd", "lr": 0.05, "weight_decay": 5e-4, "betas": [0.9, 0.99], "eps": 1e-8, "clip_norm": None, "batches": [6],
        "outliers": 0, "lambda": 0.0, "rho": None, "adaptive": False, "batch_norm": "first", "warmup": 0, "steps": 3}
ADAMW = {"optimizer": "adamw", "lr": 0.002, "weight_decay": 0.05}
CASES = [
    {"name": "sgd, clipped", "clip_norm": 0.5},
    {"name": "sgd, a limit that no gradient reaches", "clip_norm": 1e4},
    {"name": "adamw", **ADAMW},
    {"name": "adamw, accumulated, clipped, the last batch smaller", **ADAMW, "batches": [4, 4, 2], "clip_norm": 0.25},
    {"name": "outlier exposure, accumulated", **ADAMW, "batches": [4, 4], "outliers": 4, "lambda": 0.5, "warmup": 2},
    {"name": "sam, accumulated, clipped", "rho": 0.1, "batches": [4, 2], "clip_norm": 0.5},
    {"name": "sam, accumulated, adamw, second pass", **ADAMW, "rho": 0.05, "batches": [3, 3, 2], "batch_norm": "second", "clip_norm": 1.0, "warmup": 3},
    {"name": "asam, accumulated, both passes", "rho": 0.5, "adaptive": True, "batches": [4, 4], "batch_norm": "both", "warmup": 5},
]


def adamw_bits():
    """Twenty steps of AdamW in float32, a tensor that decays and one that does not; the bits of every entry."""
    start = [wave(37, 0.1).astype(np.float32), wave(5, 0.2).astype(np.float32)]
    parameters = [torch.nn.Parameter(torch.from_numpy(values.copy())) for values in start]
    optimizer = torch.optim.AdamW([{"params": [parameters[0]]}, {"params": [parameters[1]], "weight_decay": 0.0}], lr=0.01, weight_decay=0.1)
    for step in range(20):
        for k, parameter in enumerate(parameters):
            parameter.grad = torch.from_numpy((10.0 ** (k - step % 3) * wave(parameter.numel(), step + 0.5 * k)).astype(np.float32))
        optimizer.step()
    return [parameter.detach().numpy().view(np.uint32).tolist() for parameter in parameters]


def rates():
    """Learning rates by PyTorch's schedulers."""
    from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, LinearLR, SequentialLR

    def of(make, n, lr=0.1):
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
        schedule = make(optimizer)
        found = []
        for _ in range(n):
            found.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
        return found

    cosine = lambda o, n: CosineAnnealingLR(o, T_max=n, eta_min=1e-6)
    return {
        "fractions of 4 steps": of(lambda o: LambdaLR(o, lambda step: min(1.0, (step + 1) / 4)), 8),
        "from 0.1 over 5 steps": of(lambda o: LinearLR(o, start_factor=0.1, total_iters=5), 8),
        "from 0.1 over 4 steps, then cosine over 6": of(
            lambda o: SequentialLR(o, [LinearLR(o, start_factor=0.1, total_iters=4), cosine(o, 6)], milestones=[4]), 10),
    }


here = os.path.dirname(os.path.abspath(__file__))
runs = [train({**BASE, **case}) for case in CASES]
with open(os.path.join(here, "reference.json"), "w") as file:
    json.dump({"runs": runs, "adamw_bits": adamw_bits(), "rates": rates()}, file, indent=0)
for run in runs:
    print(run["case"]["name"], [(round(s["first"], 4), s["second"] and round(s["second"], 4), round(s["norm"], 4), round(s["clipped"], 4)) for s in run["steps"]])
