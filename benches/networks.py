"""A survey of networks of torchvision and timm: each is exported with random weights, and Flatland computes with the archive what eager PyTorch
computes with the module. Compared are the logits of 8 images, the loss in a cell of the landscape away from the weights (in PyTorch with the
directions that Flatland wrote), and of a SAM step the loss before it and the norm of the gradient at the perturbed weights.

Random networks can amplify rounding, so PyTorch computes everything three times: in float32, in float32 with channels last, in float64. A difference
counts where it exceeds both a fixed limit and twice the largest difference of PyTorch to itself.

Needs a Python with torch 2.11.0, torchvision 0.26.0, timm 1.0.31, numpy and pillow:

    python benches/networks.py --out survey --write

Each network leaves its row in OUT/rows; another run with the same --out measures only those without a row, and those named by --only. Archives
are deleted after their network. --write writes the rows to docs/results/networks.md."""
import argparse
import copy
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from datetime import date
from pathlib import Path

import numpy as np
import timm
import torch
import torchvision
from PIL import Image
from torch.nn import functional as F

from flatland_command import Refused, flatland

# Those after the blank line of timm were not looked at when Flatland's operations were written.
TORCHVISION = """resnet18 resnet50 resnext50_32x4d wide_resnet50_2 densenet121 vgg16_bn alexnet squeezenet1_1 mobilenet_v2 mobilenet_v3_small
mnasnet1_0 shufflenet_v2_x1_0 efficientnet_b0 efficientnet_v2_s regnet_y_400mf googlenet inception_v3 convnext_tiny vit_b_16 swin_t swin_v2_t maxvit_t"""
TIMM = """resnet50d resnetv2_50x1_bit nfnet_l0 convnextv2_nano efficientnetv2_rw_t mobilenetv4_conv_small vit_tiny_patch16_224
deit_tiny_distilled_patch16_224 beit_base_patch16_224 eva02_tiny_patch14_224 swin_tiny_patch4_window7_224 mixer_s16_224 xcit_nano_12_p16_224
levit_128s coatnet_nano_rw_224 maxvit_tiny_tf_224 fastvit_t8 vit_small_patch14_dinov2

ghostnet_100 hrnet_w18_small dla34 edgenext_small poolformer_s12 pit_ti_224 cait_xxs24_224 twins_svt_small pvt_v2_b0 crossvit_tiny_240
gmlp_s16_224 resmlp_12_224 skresnet18 resnest14d mobilevit_xs efficientformer_l1 tf_efficientnet_b0 volo_d1_224 focalnet_tiny_srf xception41
res2net50_26w_4s sequencer2d_s botnet26t_256 halonet26t hiera_tiny_224 repvit_m1"""
LIBRARY = dict.fromkeys(TORCHVISION.split(), "torchvision") | dict.fromkeys(TIMM.split(), "timm")
SIDE = {"inception_v3": 299, "swin_v2_t": 256, "vit_small_patch14_dinov2": 224}
OPTIONS = {
    "googlenet": {"aux_logits": False, "init_weights": True},
    "inception_v3": {"aux_logits": False, "init_weights": True},
    "vit_small_patch14_dinov2": {"img_size": 224},
}
# No other layer of these networks has so many outputs, so the heads are found by it.
CLASSES = 11
IMAGES, BATCH, RHO = 8, 4, 0.05
# Of the cells. Far away some random networks amplify rounding by so much that nothing can be compared: then the near cell decides.
NEAR, ALPHA = 0.1, 0.5
# Largest relative differences: of the logits to the largest one, of the cell's loss, of the step's loss and gradient norm.
LIMITS = {"logits": 1e-4, "cell": 1e-3, "step": 1e-3}
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
ROOT = Path(__file__).resolve().parent.parent

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--flatland", type=Path, default=ROOT / "target/release/flatland", help="its worker lies beside it")
parser.add_argument("--only", nargs="+", metavar="NAME", choices=LIBRARY, help="these networks")
parser.add_argument("--out", type=Path, help="folder of the rows; default: a temporary folder")
parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
parser.add_argument("--write", action="store_true", help="writes docs/results/networks.md")


# What PyTorch computes in.
KINDS = [(torch.float32, torch.contiguous_format), (torch.float32, torch.channels_last), (torch.float64, torch.contiguous_format)]


def create(name):
    options = {"num_classes": CLASSES} | OPTIONS.get(name, {})
    if LIBRARY[name] == "torchvision":
        return getattr(torchvision.models, name)(weights=None, **options), SIDE.get(name, 224)
    model = timm.create_model(name, **options)
    return model, SIDE.get(name, model.default_cfg["input_size"][-1])


def norms(model):
    return [module for module in model.modules() if isinstance(module, torch.nn.modules.batchnorm._BatchNorm)]


@torch.no_grad()
def randomise(model, x):
    """Leaves no value at which an operation does nothing: zeros and ones become random, and BatchNorm's statistics those of the images, varied."""
    for name, values in model.named_parameters():
        if values.numel() == 1 or values.std() < 1e-4:
            if values.mean() > 0.5:
                values.copy_(1 + 0.1 * torch.randn_like(values))
            elif values.numel() == 1 or name.split(".")[-1].startswith(("gamma", "layer_scale")):
                values.copy_(0.1 + 0.4 * torch.rand_like(values))
            else:
                values.copy_((0.1 if values.dim() < 2 else 0.04) * torch.randn_like(values))
    for module in model.modules():
        # Small residuals, as after training: otherwise the gradients of residual networks are so steep that a SAM step only amplifies rounding.
        last = getattr(module, "bn3", None) or getattr(module, "bn2", None)
        if hasattr(module, "downsample") and last in norms(module):
            last.weight *= 0.2
    momenta = [module.momentum for module in norms(model)]
    for module in norms(model):
        module.reset_running_stats()
        module.momentum = None
        module.train()
    model(x)
    for module, momentum in zip(norms(model), momenta):
        module.momentum = momentum
        module.eval()
        module.running_mean += 0.1 * module.running_var.sqrt() * torch.randn_like(module.running_mean)
        module.running_var *= 0.8 + 0.4 * torch.rand_like(module.running_var)
        # A channel that hardly varies around its mean would amplify rounding.
        module.running_var += 0.01 * module.running_mean**2
    spread = model(x).std()
    for module in model.modules():
        if isinstance(module, (torch.nn.Linear, torch.nn.Conv2d)) and module.weight.shape[0] == CLASSES:
            module.weight /= spread
            if module.bias is not None:
                module.bias /= spread


def images(side, out):
    """The folder of the images, written when it is not there, and what a network gets of them."""
    folder = out / f"images-{side}"
    random = np.random.default_rng(side)
    for k in range(IMAGES):
        path = folder / str(2 * k // IMAGES) / f"{k}.png"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            coarse = Image.fromarray(random.integers(0, 256, (7, 7, 3), dtype=np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
            # With noise, because channels of which smooth images leave nearly nothing would amplify rounding.
            Image.fromarray((coarse + random.normal(0, 24, (side, side, 3))).clip(0, 255).astype(np.uint8)).save(path)
    pixels = np.stack([np.asarray(Image.open(path)) for path in sorted(folder.glob("*/*.png"))])
    x = (torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255 - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    return folder, x.contiguous(), torch.arange(IMAGES) * 2 // IMAGES


def session(folder, pictures):
    dataset = f'[[dataset]]\nname = "images"\npath = "{pictures}"\nclasses = "numbers"\n'
    (folder / "session.toml").write_text(f"""version = 1
[[checkpoint]]
name = "net"
path = "net.pt2"
normalization = "imagenet"
{dataset}role = "id"
[landscape]
alpha = [{NEAR}, {ALPHA}]
beta = [0.0]
""")
    (folder / "run.toml").write_text(f"""version = 1
checkpoint = "net.pt2"
normalization = "imagenet"
max_steps = 1
batch = {BATCH}
shuffle = false
transform = "none"
log_every = 1
[method]
name = "sam"
rho = {RHO}
{dataset}role = "train"
""")


def forget(model):
    """Empties what LeViT and EfficientFormer keep of their parameters between calls in evaluation: it would be a constant of the archive."""
    for module in model.modules():
        if hasattr(module, "attention_bias_cache"):
            module.attention_bias_cache.clear()


def relative(found, expected):
    """The largest difference, relative to the largest expected value; infinite where a number is not finite."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    if found.shape != expected.shape or not (np.isfinite(found).all() and np.isfinite(expected).all()):
        return math.inf
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def compare(found, expected):
    """The difference of what Flatland found to what PyTorch computed in the first kind, and the largest of the other kinds to that."""
    return {"difference": relative(found, expected[0]), "own": max(relative(other, expected[0]) for other in expected[1:])}


def in_each_kind(model, x, compute):
    """What `compute` gives for a copy of the model and images of each kind."""
    forget(model)
    convolutions = (module for module in model.modules() if isinstance(module, torch.nn.Conv2d))
    # PyTorch 2.11 corrupts memory in the gradient of such a convolution (that of FastViT's stem) with channels last.
    corrupts = any(c.kernel_size == (1, 1) and c.stride != (1, 1) and c.in_channels < 16 for c in convolutions)
    kinds = [KINDS[0], KINDS[2]] if corrupts else KINDS
    models = (copy.deepcopy(model).to(dtype).to(memory_format=layout) for dtype, layout in kinds)
    return [compute(other, x.to(dtype).contiguous(memory_format=layout)) for other, (dtype, layout) in zip(models, kinds)]


def embed(args, folder, model, x, labels):
    seconds = flatland(args, folder, "embed", "session.toml", "--out", "embed")
    found = np.load(next(folder.glob("embed/**/embedding.npz")))

    @torch.no_grad()
    def logits(model, x):
        start = time.perf_counter()
        return model(x).numpy(), time.perf_counter() - start

    expected, eager = zip(*in_each_kind(model, x, logits))
    # How much of the logits depends on the image: a network that always says the same would agree with many others.
    varies = float(np.std(expected[0], 0).max() / np.abs(expected[0]).max())
    found = found["logits"][np.argsort(found["index"])]
    return compare(found, expected) | {"seconds": seconds, "eager_seconds": min(eager[:-1]), "varies": varies}


def landscape(args, folder, model, x, labels):
    seconds = flatland(args, folder, "landscape", "session.toml", "--out", "landscape", "--no-cache", "--save-directions")
    near, found = np.load(next(folder.glob("landscape/**/landscape.npz")))["loss"].flatten().tolist()
    directions = np.load(next(folder.glob("landscape/**/directions.npz")))

    def losses(alpha):
        @torch.no_grad()
        def loss(model, x):
            weights = model.state_dict()
            for key in directions.files:
                if key.startswith("delta/"):
                    weights[key.removeprefix("delta/")].add_(torch.from_numpy(directions[key]), alpha=alpha)
            return F.cross_entropy(model(x), labels).item()

        return in_each_kind(model, x, loss)

    expected = losses(ALPHA)
    result = compare(found, expected) | {"seconds": seconds, "loss": found, "eager_loss": expected[0]}
    return result if is_within(result, "cell") else result | {"near": compare(near, losses(NEAR))}


def sam(args, folder, model, x, labels):
    seconds = flatland(args, folder, "train", "run.toml", "--out", "run")
    found = json.loads((folder / "run/steps.jsonl").read_text().splitlines()[0])

    def step(model, x):
        """The loss, and the norm of the gradient at the perturbed weights."""
        # Dropout and stochastic depth are not in the archive.
        for module in norms(model):
            module.train()
        params = [values for values in model.parameters() if values.requires_grad]

        def gradient():
            forget(model)
            loss = F.cross_entropy(model(x), labels[:BATCH])
            parts = torch.autograd.grad(loss, params, materialize_grads=True)
            return loss.item(), parts, math.sqrt(sum((part.double() ** 2).sum().item() for part in parts))

        loss, parts, norm = gradient()
        with torch.no_grad():
            for values, part in zip(params, parts):
                values.add_(part, alpha=RHO / norm)
        return loss, gradient()[2]

    expected = in_each_kind(model, x[:BATCH], step)
    ours = {"loss": found["train_loss"], "gradient_norm": found["gradient_norm"]}
    parts = [compare(ours[key], values) for key, values in zip(ours, zip(*expected))]
    return max(parts, key=lambda part: part["difference"]) | ours | {"seconds": seconds, "eager_loss": expected[0][0], "eager_norm": expected[0][1]}


CHECKS = {"logits": embed, "cell": landscape, "step": sam}


def survey(args, name, out):
    """The row of a network."""
    row = {"name": name, "library": LIBRARY[name]}
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        torch.manual_seed(1)
        model, side = create(name)
        model.eval()
        pictures, x, labels = images(side, out)
        randomise(model, x)
        forget(model)
        row |= {"side": side, "parameters": sum(values.numel() for values in model.parameters())}
        program = torch.export.export(model, (torch.randn(2, 3, side, side),), dynamic_shapes=({0: torch.export.Dim("batch")},))
        row["operations"] = sum(node.op == "call_function" for node in program.graph.nodes)
        torch.export.save(program, folder / "net.pt2")
        del program
        session(folder, pictures)
        for check, compute in CHECKS.items():
            try:
                row[check] = compute(args, folder, model, x, labels)
            except Refused as refusal:
                row[check] = {"refused": str(refusal)}
            if "refused" in row["logits"]:
                break
    except Exception as error:  # One network ends, not the survey.
        row["python"] = f"{type(error).__name__}: {error}"
    shutil.rmtree(folder)
    return row


def opened(row):
    return "refused" not in row.get("logits", {"refused": ""})


def is_within(result, check):
    difference, own = (result.get(key, math.inf) for key in ["difference", "own"])
    return math.isfinite(difference) and difference <= max(LIMITS[check], 2 * own)


def agrees(row, check):
    return is_within(row[check], check) or is_within(row[check].get("near", {}), check)


def cell(row, check):
    result = row.get(check, {"refused": ""})
    if "refused" in result:
        return result["refused"].replace("|", "\\|").replace("\n", " ")
    own = f", PyTorch itself {result['own']:.0e}" if result["difference"] > LIMITS[check] else ""
    near = f", at α = {NEAR} {result['near']['difference']:.0e}" if "near" in result else ""
    numbers = f"{result['difference']:.0e}{own}{near}"
    if "loss" in result:
        numbers = f"{result['loss']:.4g} ({numbers})"
    return numbers if agrees(row, check) else f"**{numbers}**"


def seconds(row):
    checks = [row.get(check, {}) for check in CHECKS]
    return " / ".join(f"{result['seconds']:.1f}" for result in checks if "seconds" in result)


def line(row):
    if "python" in row:
        return f"{row['name']}: in Python: {row['python']}"
    checks = "; ".join(f"{check} {cell(row, check)}" for check in CHECKS if check in row)
    eager, varies = (row["logits"].get(key, math.nan) for key in ["eager_seconds", "varies"])
    return f"{row['name']}: {row['operations']} operations; {checks}; {seconds(row)} s; eager {eager:.2f} s; varies {varies:.2f}"


def summary(rows):
    exported = [row for row in rows if "python" not in row]
    refused = [row for row in exported if not opened(row)]
    wrong = [f"{row['name']} ({check})" for row in exported for check in CHECKS if opened(row) and not agrees(row, check)]
    lines = [f"Of {len(rows)} networks, {len(exported) - len(refused)} opened and {len(refused)} were refused. Not in agreement: {', '.join(wrong) or 'none'}."]
    lines += [f"* `{row['name']}` was refused: {cell(row, 'logits')}" for row in refused]
    lines += [f"* `{row['name']}` failed in Python: {row['python'].splitlines()[0]}" for row in rows if "python" in row]
    return "\n".join(lines)


def page(rows, args):
    version = subprocess.run([str(args.flatland), "--version"], capture_output=True, text=True).stdout.strip()
    lines = [
        f"""# Networks of torchvision and timm

`benches/networks.py` ({date.today()}, {version}, torch {torch.__version__}, torchvision {torchvision.__version__}, timm {timm.__version__}, CPU,
{args.threads} threads). Each network has random weights and {CLASSES} classes, and is exported as [your network](../your-network.md) says. Flatland reads the archive
and {IMAGES} images of the network's size; eager PyTorch computes the same with the module, both in float32.

* *Logits*: the largest difference, relative to the largest logit; limit {LIMITS["logits"]:.0e}.
* *Cell*: the loss at α = {ALPHA}, β = 0 of a landscape, and its relative difference to PyTorch's with the same direction; limit {LIMITS["cell"]:.0e}. Where it is above, the cell at α = {NEAR} decides.
* *SAM step*: the loss before a step (ρ = {RHO}, {BATCH} images, BatchNorm in training mode), and the larger of two relative differences: of this loss, and of the norm of the gradient at the perturbed weights; limit {LIMITS["step"]:.0e}.
* *Seconds*: of `flatland embed`, `landscape` and `train`, from start to end; then of eager PyTorch's forward pass of the {IMAGES} images alone.

A random network can amplify rounding. Therefore PyTorch computes everything in float32, in float32 with channels last and in float64. Above the limit, *PyTorch itself* is the largest difference of
the other two to the first; twice that is then the limit. Bold: above it. A sentence: why Flatland refuses.

| Network | Library | Parameters | Operations | Logits | Cell | SAM step | Seconds | Eager |
|---|---|---:|---:|---:|---:|---:|---:|---:|"""
    ]
    for row in (row for row in rows if "python" not in row):
        counts = f"{row['parameters'] / 1e6:.1f} M | {row['operations']}"
        eager = f"{row['logits']['eager_seconds']:.2f}" if opened(row) else ""
        lines.append(f"| {row['name']} | {row['library']} | {counts} | {' | '.join(cell(row, check) for check in CHECKS)} | {seconds(row)} | {eager} |")
    return "\n".join([*lines, "", summary(rows), ""])


def main():
    args = parser.parse_args()
    args.flatland = args.flatland.absolute()
    if not args.flatland.exists():
        sys.exit(f"bench: expected Flatland at {args.flatland}, found none; build it with make build, or say --flatland PATH")
    warnings.filterwarnings("ignore")
    torch.set_num_threads(args.threads)
    out = (args.out or Path(tempfile.mkdtemp(prefix="flatland-bench-"))).absolute()
    (out / "rows").mkdir(parents=True, exist_ok=True)
    place = lambda name: out / "rows" / f"{name}.json"  # noqa: E731
    for name in args.only or [name for name in LIBRARY if not place(name).exists()]:
        row = survey(args, name, out)
        place(name).write_text(json.dumps(row))
        print(line(row), flush=True)
    rows = [json.loads(place(name).read_text()) for name in LIBRARY if place(name).exists()]
    print(f"\n{summary(rows)}")
    if args.write:
        (ROOT / "docs/results/networks.md").write_text(page(rows, args))


if __name__ == "__main__":
    main()
