"""Losses, predictions, margins, confidences and gradients around one image, by plain PyTorch: golden.npz for tests.rs.

    python reference.py golden.npz

Independent of Flatland: the random draws too are made here, from BLAKE3 and ChaCha8. Needs torch, numpy and blake3. The network is a ResNet-8
whose tensors are sines, the image 3x32x32 of a formula, normalized by ImageNet's constants.
"""
import sys

import numpy as np
import torch
from blake3 import blake3
import torch.nn.functional as F

torch.set_num_threads(1)
CLASSES, AXIS = 5, [-1.0, -0.5, 0.0, 0.25, 1.0]
SEED = 7


def chacha8(key, blocks):
    """Words of the first blocks of ChaCha8 with counter and nonce 0, [16 * blocks]."""
    start = np.zeros((16, blocks), dtype=np.uint32)
    start[:4] = np.frombuffer(b"expand 32-byte k", dtype="<u4")[:, None]
    start[4:12] = np.frombuffer(key, dtype="<u4")[:, None]
    start[12] = np.arange(blocks)
    s = start.copy()

    def quarter(a, b, c, d):
        for one, other, turned, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[one] += s[other]
            s[turned] ^= s[one]
            s[turned] = (s[turned] << np.uint32(bits)) | (s[turned] >> np.uint32(32 - bits))

    for _ in range(4):
        for k in range(4):
            quarter(k, k + 4, k + 8, k + 12)
        for k in range(4):
            quarter(k, (k + 1) % 4 + 4, (k + 2) % 4 + 8, (k + 3) % 4 + 12)
    return (s + start).T.reshape(-1)


def normal_draws(axis, n):
    """N(0, 1) by Box and Muller, keyed by (seed, axis)."""
    material = SEED.to_bytes(8, "little") + f"{axis}/input".encode()
    key = blake3(material, derive_key_context="flatland landscape direction li2018 v1").digest()
    words = chacha8(key, n // 8 + 1).astype(np.uint64)
    uniform = ((words[0::2] | (words[1::2] << np.uint64(32))) >> np.uint64(11)).astype(np.float64) / 2.0**53
    radius, angle = np.sqrt(-2 * np.log(1 - uniform[0::2])), 2 * np.pi * uniform[1::2]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).reshape(-1)[:n]


def conv(o, i, k):
    return (o, i, k, k)


shapes = {"conv1.weight": conv(16, 3, 3), "linear.weight": (CLASSES, 64), "linear.bias": (CLASSES,)}
norms = {"bn1": 16}
for stage, width in enumerate((16, 32, 64)):
    p = f"layer{stage + 1}.0"
    shapes[f"{p}.conv1.weight"] = conv(width, width if stage == 0 else width // 2, 3)
    shapes[f"{p}.conv2.weight"] = conv(width, width, 3)
    norms |= {f"{p}.bn1": width, f"{p}.bn2": width}
for name, n in norms.items():
    shapes |= {f"{name}.{part}": (n,) for part in ("weight", "bias", "running_mean", "running_var")}

state = {}
for t, name in enumerate(sorted(shapes)):
    n = int(np.prod(shapes[name]))
    wave = np.sin(0.37 * (t + 1) + 1.7 * np.arange(n))
    if name.endswith("running_var"):
        wave = 1.0 + 0.5 * np.abs(wave)
    elif name in ("linear.bias",) or name.endswith((".bias", "running_mean")):
        wave = 0.1 * wave
    elif len(shapes[name]) == 1:
        wave = 1.0 + 0.2 * wave
    else:
        wave = wave * np.sqrt(4.0 / np.prod(shapes[name][1:]))
    state[name] = torch.from_numpy(wave.astype(np.float32)).reshape(shapes[name])


def picture(k):
    p = np.arange(3072, dtype=np.int64)
    return ((p * (7 + k) + (p * p) % 13 * 9 + 40 * k) % 256).astype(np.uint8).reshape(32, 32, 3)


pixels = [torch.from_numpy(picture(k).transpose(2, 0, 1).astype(np.float32)) / 255 for k in range(3)]
labels = [2, 3, 1]
mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
std = torch.tensor([0.229, 0.224, 0.225])[:, None, None]


def bn(p, x):
    s = state
    return F.batch_norm(x, s[p + ".running_mean"], s[p + ".running_var"], s[p + ".weight"], s[p + ".bias"], False, 0.0, 1e-5)


def logits(x):
    h = F.relu(bn("bn1", F.conv2d((x - mean) / std, state["conv1.weight"], padding=1)))
    for stage in range(3):
        p, stride = f"layer{stage + 1}.0", 1 if stage == 0 else 2
        z = F.relu(bn(p + ".bn1", F.conv2d(h, state[p + ".conv1.weight"], stride=stride, padding=1)))
        z = bn(p + ".bn2", F.conv2d(z, state[p + ".conv2.weight"], padding=1))
        if stride == 2:
            h = h[:, :, ::2, ::2]
            pad = (z.shape[1] - h.shape[1]) // 2
            h = F.pad(h, (0, 0, 0, 0, pad, pad))
        h = F.relu(z + h)
    return F.linear(h.mean((2, 3)), state["linear.weight"], state["linear.bias"])


def gradient(x, y):
    x = x.clone()[None].requires_grad_(True)
    F.cross_entropy(logits(x).double(), torch.tensor([y])).backward()
    return x.grad[0].double()


def without(v, along):
    return v - (v * along).sum() / (along * along).sum() * along


def grid(x, y, d1, d2, scale, clamp):
    """Loss, argmax, margin and confidence at x + a d1 + b d2, [5, 5]."""
    out = {key: np.zeros((5, 5)) for key in ("loss", "prediction", "margin", "confidence")}
    for i, a in enumerate(AXIS):
        for j, b in enumerate(AXIS):
            moved = x + scale * a * d1.float() + scale * b * d2.float()
            z = logits((moved.clamp(0, 1) if clamp else moved)[None])[0].double()
            others = torch.cat([z[:y], z[y + 1 :]])
            out["loss"][i, j] = F.cross_entropy(z[None], torch.tensor([y]))
            out["prediction"][i, j] = z.argmax()
            out["margin"][i, j] = z[y] - others.max()
            out["confidence"][i, j] = z.softmax(0).max()
    return out


x, y = pixels[0], labels[0]
normal = [torch.from_numpy(normal_draws(axis, 3072)).reshape(3, 32, 32) for axis in ("delta", "eta")]
g = gradient(x, y)
b, c = [(other.double() - x.double()) for other in pixels[1:]]
random = without(normal[1], normal[0])
across = without(normal[1], g)
beside = without(normal[1], b)
cases = {
    "random": (normal[0] / normal[0].norm(), random / random.norm(), 120.0, False),
    "clamped": (normal[0] / normal[0].norm(), random / random.norm(), 300.0, True),
    "gradient": (g / g.norm(), across / across.norm(), 6.0, False),
    "sign": (g.sign(), normal[1].sign(), 16 / 255, True),
    "linf": (normal[0] / normal[0].abs().max(), random / random.abs().max(), 4.0, False),
    "line": (b, beside * b.norm() / beside.norm(), 1.0, False),
    "plane": (b, c, 1.0, False),
}
found = {}
for name, (d1, d2, scale, clamp) in cases.items():
    result = grid(x, y, d1, d2, scale, clamp)
    print(name, "losses", result["loss"].min(), result["loss"].max(), "classes", np.unique(result["prediction"]))
    found |= {f"{name}/{key}": value for key, value in result.items()}
    if name in ("gradient", "sign"):
        found[f"{name}/delta"] = d1.numpy().astype(np.float32)
found["gradient_norm"] = np.array([g.norm().item()])
np.savez(sys.argv[1], **found)
