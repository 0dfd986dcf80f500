"""Largest eigenvalue of the Hessian of ResNet-20 on the first N (256) CIFAR-10 test images, by plain power iteration in PyTorch (float32),
and the rises at one SAM step (l2 and l-infinity) and of ASAM's step there: the numbers of the tests `against_pytorch`. Independent of
Flatland; needs torch and numpy.

    python crates/engine/src/analysis/hessian/reference.py FOLDER [N]   (N: a multiple of 64)
"""
import sys
import numpy as np
import torch
import torch.nn.functional as F

shared = sys.argv[1]
n = int(sys.argv[2]) if len(sys.argv) > 2 else 256
torch.manual_seed(0)
raw = np.fromfile(f"{shared}/data/cifar-10-batches-bin/test_batch.bin", dtype=np.uint8).reshape(-1, 3073)[:n]
y = torch.from_numpy(raw[:, 0].astype(np.int64))
x = torch.from_numpy(raw[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32) / 255)
mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
x = (x - mean[:, None, None]) / std[:, None, None]

state = torch.load(f"{shared}/data/checkpoints/resnet20-12fca82f.th", map_location="cpu", weights_only=False)["state_dict"]
state = {name.removeprefix("module."): tensor.float() for name, tensor in state.items()}
moving = [name for name in state if not name.endswith(("running_mean", "running_var", "num_batches_tracked"))]


def bn(s, p, x):
    return F.batch_norm(x, s[p + ".running_mean"], s[p + ".running_var"], s[p + ".weight"], s[p + ".bias"], False, 0.0, 1e-5)


def loss(s, x, y):
    h = F.relu(bn(s, "bn1", F.conv2d(x, s["conv1.weight"], padding=1)))
    for layer in (1, 2, 3):
        for block in range(3):
            p, stride = f"layer{layer}.{block}", 2 if layer > 1 and block == 0 else 1
            z = F.relu(bn(s, p + ".bn1", F.conv2d(h, s[p + ".conv1.weight"], stride=stride, padding=1)))
            z = bn(s, p + ".bn2", F.conv2d(z, s[p + ".conv2.weight"], padding=1))
            if stride == 2:
                h = h[:, :, ::2, ::2]
                pad = (z.shape[1] - h.shape[1]) // 2
                h = F.pad(h, (0, 0, 0, 0, pad, pad))
            h = F.relu(z + h)
    logits = F.linear(h.mean((2, 3)), s["linear.weight"], s["linear.bias"])
    return F.cross_entropy(logits.double(), y)


parameters = [state[name].clone().requires_grad_() for name in moving]
here = {**state, **dict(zip(moving, parameters))}


def product(v):
    total = [torch.zeros_like(p) for p in parameters]
    for i in range(0, n, 64):
        g = torch.autograd.grad(loss(here, x[i : i + 64], y[i : i + 64]) * 64 / n, parameters, create_graph=True)
        for t, h in zip(total, torch.autograd.grad(sum((a * b).sum() for a, b in zip(g, v)), parameters)):
            t += h
    return total


def norm(v):
    return sum((t.double() ** 2).sum() for t in v).sqrt().item()


with torch.no_grad():
    center = loss(here, x, y).item()
print("loss", center)
gradient = torch.autograd.grad(loss(here, x, y), parameters)
print("gradient norm", norm(gradient))


def rise(epsilon):
    with torch.no_grad():
        return loss({**state, **{n: p + e for n, p, e in zip(moving, parameters, epsilon)}}, x, y).item() - center


rho = 0.05
print("SAM l2", rho, rise([rho * g / norm(gradient) for g in gradient]))
print("SAM linf", 0.0005, rise([0.0005 * g.sign() for g in gradient]))
scale = [p.detach().abs() + 0.01 if n.endswith("weight") else torch.ones_like(p) for n, p in zip(moving, parameters)]
scaled = norm([t * g for t, g in zip(scale, gradient)])
print("ASAM, T = |w| + eta of weights", 0.5, rise([0.5 * t * t * g / scaled for t, g in zip(scale, gradient)]))
scale = [p.detach().abs() for p in parameters]
scaled = norm([t * g for t, g in zip(scale, gradient)])
print("ASAM, T = |theta|", 0.5, rise([0.5 * t * t * g / scaled for t, g in zip(scale, gradient)]))

v = [torch.randn_like(p) for p in parameters]
v = [t / norm(v) for t in v]
for step in range(60):
    w = product(v)
    value = sum((a.double() * b.double()).sum() for a, b in zip(v, w)).item()
    residual = norm([a - value * b for a, b in zip(w, v)])
    print("step", step, "lambda", value, "residual", residual, flush=True)
    if residual < 1e-3 * abs(value):
        break
    length = norm(w)
    v = [t / length for t in w]
