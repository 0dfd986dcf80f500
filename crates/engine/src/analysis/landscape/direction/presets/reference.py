"""Directions of other tools, by their own rules, for tests.rs.

    python reference.py golden.npz [WHEELS]

Independent of the engine: NumPy, tensor by tensor, from the rules of the tools' sources (tomgoldstein/loss-landscape net_plotter.py;
loss-landscapes 3.0.6 main.py and model_parameters.py; GabdullinN/LLA by its description;
Landscaper 1.3.1 utils.py and
compute.py; xxxnell/how-do-vits-work ops/loss_landscapes.py; PascalSun/LossLandscape core/explorer.py). With WHEELS, a folder that holds
the unpacked wheels of loss-landscapes 3.0.6 and Landscaper 1.3.1 (and with torch), the released code itself is run on the same draws and compared.
"""

import math
import sys

import numpy as np

SHAPES = {
    "conv.weight": (4, 3, 2, 2),
    "bn.weight": (4,),
    "bn.bias": (4,),
    "fc.weight": (3, 4),
    "fc.bias": (3,),
}
rng = np.random.default_rng(7)
w = {k: rng.normal(size=s).astype(np.float32).astype(np.float64) for k, s in SHAPES.items()}
normal = [{k: rng.normal(size=s) for k, s in SHAPES.items()} for _ in range(2)]
uniform = [{k: rng.random(size=s) for k, s in SHAPES.items()} for _ in range(2)]


def dot(a, b):
    return sum((a[k] * b[k]).sum() for k in a)


def length(d, to):
    by = to / math.sqrt(dot(d, d))
    return {k: v * by for k, v in d.items()}


THETA = math.sqrt(dot(w, w))


def filters(d, one_dimensional):
    out = {}
    for k, v in d.items():
        if v.ndim < 2:
            out[k] = one_dimensional(v, w[k])
        else:
            out[k] = np.stack([f * np.linalg.norm(g) / np.linalg.norm(f) for f, g in zip(v, w[k])])
    return out


def vector(v, g):
    return v * np.linalg.norm(g) / np.linalg.norm(v)


def undivided(a, b, divide):
    by = dot(a, b) / (dot(a, a) if divide else 1.0)
    return {k: b[k] - by * a[k] for k in b}


def li2018():
    return [filters(d, lambda v, g: 0 * v) for d in normal]


def tomgoldstein():
    return [filters(d, lambda v, g: g) for d in normal]


def loss_landscapes():
    pair = [uniform[0], undivided(*uniform, True)]
    return [length(filters(d, lambda v, g: np.sign(v) * np.abs(g)), THETA) for d in pair]


def lla():
    return [filters(d, vector) for d in [uniform[0], undivided(*uniform, True)]]


def landscaper():
    pair = [normal[0], undivided(*normal, False)]
    return [length({k: v * math.sqrt(v.size) / np.linalg.norm(v) for k, v in d.items()}, THETA) for d in pair]


def xxxnell():
    def one(v, g):
        n = np.sqrt((v**2).sum(axis=0, keepdims=True))
        return v * np.sqrt((g**2).sum(axis=0, keepdims=True)) / n

    return [{k: one(v, w[k]) if v.ndim > 1 else 0 * v for k, v in d.items()} for d in normal]


def pascalsun():
    def layers(d):
        return {k: vector(v, w[k]) for k, v in d.items()}

    a, b = layers(normal[0]), layers(normal[1])
    return [a, layers(undivided(a, b, False))]


PRESETS = [li2018, tomgoldstein, loss_landscapes, lla, landscaper, xxxnell, pascalsun]


def check(wheels):
    """The released code on the same draws."""
    import importlib.util

    import torch

    def module(path):
        spec = importlib.util.spec_from_file_location("released", path)
        found = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(found)
        return found

    def worst(found, expected):
        return max(float(np.abs(f.numpy() - e).max()) for f, e in zip(found, expected.values()))

    t = lambda d: [torch.tensor(v) for v in d.values()]
    tool = module(f"{wheels}/loss_landscapes/loss_landscapes/model_interface/model_parameters.py")
    start = tool.ModelParameters(t(w))
    one = tool.ModelParameters(t(uniform[0]))
    tool.rand_u_like = lambda like: tool.ModelParameters(t(uniform[1]))
    two = tool.orthogonal_to(one)
    for d, expected in zip([one, two], loss_landscapes()):
        d.filter_normalize_(start)
        d.mul_(start.model_norm() / d.model_norm())
        print("loss-landscapes 3.0.6", worst(d.parameters, expected))
    utils = module(f"{wheels}/landscaper/landscaper/utils.py")
    source = open(f"{wheels}/landscaper/landscaper/compute.py").read()
    begin = source.index("def normalize_direction(")
    scope = {"torch": torch}
    exec(source[begin : source.index("def compute_loss_landscape(")], scope)
    draws = iter([v for d in normal for v in t(d)])
    utils.torch.randn_like, kept = lambda p: next(draws), torch.randn_like
    model = torch.nn.Module()
    for i, v in enumerate(t(w)):
        model.register_parameter(str(i), torch.nn.Parameter(v))
    found = utils.generate_random_orthogonal_directions(model, 2)
    torch.randn_like = kept
    for d, expected in zip(found, landscaper()):
        d = scope["normalize_direction"](d, t(w))
        by = THETA / math.sqrt(sum(float((v**2).sum()) for v in d))
        print("Landscaper 1.3.1", worst([v * by for v in d], expected))


golden = {f"weight/{k}": v for k, v in w.items()}
for name, pair in [("normal", normal), ("uniform", uniform)] + [(f.__name__, f()) for f in PRESETS]:
    for axis, d in zip(["delta", "eta"], pair):
        golden |= {f"{name}/{axis}/{k}": np.ascontiguousarray(v, dtype=np.float64) for k, v in d.items()}
np.savez(sys.argv[1], **golden)
if len(sys.argv) > 2:
    check(sys.argv[2])
