"""DR-SAM steps of a CIFAR ResNet-20 by Flatland and in eager PyTorch: the same images, weights, batches and cores, in turn, several rounds.

Flatland trains a run directory as `flatland train` does: it reads the files, crops, flips and brightens, steps, writes its lines; its seconds
are those of timing.jsonl after the first steps. PyTorch is a plain program of the same step in one loop, with
every batch made beforehand, so that only forward, backward and updates are timed, in the faster of two memory layouts. The losses of the
first step must agree."""
import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("shared", type=Path)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--steps", type=int, default=10, help="timed steps of a round")
parser.add_argument("--warm", type=int, default=2, help="steps before them")
parser.add_argument("--threads", type=int, default=os.cpu_count())
parser.add_argument("--eager", choices=["channels-last", "contiguous"], help=argparse.SUPPRESS)
args = parser.parse_args()

BATCH, OUTLIERS, RHO, LAMBDA = 128, 256, 0.5, 0.5
shared = args.shared.resolve()
checkpoint = shared / "data/checkpoints/resnet20-12fca82f.th"
train, outliers = shared / "data/cifar-10-batches-bin/data_batch_1.bin", shared / "data/outliers_256.npz"


def eager(layout):
    import torch
    import torch.nn.functional as F

    sys.path.insert(0, str(shared / "oracle"))
    from nets import load_images, load_net, to_input

    torch.set_num_threads(args.threads)
    net = load_net(str(checkpoint)).train()
    count = args.warm + args.steps
    images, labels = load_images(str(train), count * BATCH)
    outside = to_input(load_images(str(outliers), OUTLIERS)[0], "imagenet")

    def brightness(images, amount=0.05):
        x = images.astype(np.float64) / 255
        v = x.max(-1, keepdims=True)
        raised = np.clip(v + amount, 0, 1)
        scaled = np.where(v > 0, x * raised / np.where(v > 0, v, 1), raised)
        return (np.clip(scaled, 0, 1) * 255).astype(np.uint8)

    def batch(inside):
        both = torch.cat([to_input(inside, "imagenet"), outside])
        return both.contiguous(memory_format=torch.channels_last if layout == "channels-last" else torch.contiguous_format)

    parts = [images[i * BATCH : (i + 1) * BATCH] for i in range(count)]
    batches = [(batch(brightness(x)), batch(x), torch.from_numpy(labels[i * BATCH : (i + 1) * BATCH])) for i, x in enumerate(parts)]
    params = list(net.parameters())
    optimizer = torch.optim.SGD(params, lr=0.01, momentum=0.9, nesterov=True, weight_decay=5e-4)
    norms = [module for module in net.modules() if isinstance(module, torch.nn.BatchNorm2d)]

    def objective(x, y, update):
        for module in norms:
            module.momentum = 0.1 if update else 0.0
        z = net(x)
        z_in, z_out = z[: len(y)], z[len(y) :]
        return F.cross_entropy(z_in, y) + LAMBDA * (torch.logsumexp(z_out, 1) - z_out.mean(1)).mean()

    seconds, losses = [], []
    for first_x, second_x, y in batches:
        start = time.perf_counter()
        optimizer.zero_grad()
        first = objective(first_x, y, True)
        first.backward()
        theta = [p.detach().clone() for p in params]
        with torch.no_grad():
            scale = RHO / (torch.sqrt(sum((p.grad.double() ** 2).sum() for p in params)) + 1e-12)
            for p in params:
                p.add_((scale * p.grad).to(p.dtype))
        optimizer.zero_grad()
        objective(second_x, y, False).backward()
        with torch.no_grad():
            for p, t in zip(params, theta):
                p.copy_(t)
        optimizer.step()
        losses.append(first.item())
        seconds.append(time.perf_counter() - start)
    return {"seconds": seconds[args.warm :], "loss": losses[0]}


def run(command, environment):
    prefix = shlex.split(os.environ.get("PREFIX", ""))
    done = subprocess.run(prefix + command, env=os.environ | environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"bench: {command[0]} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout


def eager_apart(layout):
    options = ["--eager", layout, "--steps", str(args.steps), "--warm", str(args.warm), "--threads", str(args.threads)]
    return json.loads(run([sys.executable, __file__, str(shared), *options], {}))


def flatland(transform):
    with tempfile.TemporaryDirectory(prefix="flatland-bench-") as folder:
        (Path(folder) / "run.toml").write_text(f"""version = 1
checkpoint = "{checkpoint}"
normalization = "imagenet"
max_steps = {args.warm + args.steps}
batch = {BATCH}
outlier_batch = {OUTLIERS}
shuffle = false
transform = "{transform}"
log_every = 1
[method]
name = "dr_sam"
rho = {RHO}
lambda = {LAMBDA}
augmentation = {{ kind = "brightness", severity = 1 }}
[[dataset]]
name = "CIFAR-10"
role = "train"
path = "{train}"
[[dataset]]
name = "Tiny ImageNet"
role = "outliers"
path = "{outliers}"
""")
        # As the app starts its workers.
        environment = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "30000", "NVIDIA_TF32_OVERRIDE": "0", "XDG_CACHE_HOME": f"{folder}/cache"}
        command = [os.environ["FLATLAND_WORKER"], "train", folder, "--device", "cpu", "--threads", str(args.threads)]
        run(command, environment)
        lines = lambda name: [json.loads(line) for line in (Path(folder) / name).read_text().splitlines()]  # noqa: E731
        elapsed = [line["elapsed_secs"] for line in lines("timing.jsonl")]
        return {"seconds": list(np.diff(elapsed))[args.warm - 1 :], "loss": lines("steps.jsonl")[0]["train_loss"]}


if args.eager:
    print(json.dumps(eager(args.eager)))
    sys.exit()
plain, expected = flatland("none"), eager_apart("channels-last")
if abs(plain["loss"] - expected["loss"]) > 1e-5 * abs(expected["loss"]):
    sys.exit(f"bench: the first step's loss is {plain['loss']}, in PyTorch {expected['loss']}: not the same step")
peers = {
    "Flatland (crop, flip, brightness included)": lambda: flatland("crop_flip"),
    "eager PyTorch, channels-last": lambda: eager_apart("channels-last"),
    "eager PyTorch, contiguous": lambda: eager_apart("contiguous"),
}
seconds = {name: [] for name in peers}
for turn in range(args.rounds):
    # Every second round the other way round, so that a drift of the machine meets all alike.
    for name in list(peers) if turn % 2 == 0 else reversed(list(peers)):
        seconds[name].append(statistics.median(peers[name]()["seconds"]))
        print(f"round {turn + 1}: {name}: {seconds[name][-1]:.3f} s a step", flush=True)
print(f"\nResNet-20, DR-SAM, {BATCH} + {OUTLIERS} images, float32, {args.threads} threads: median step of {args.steps}, median of {args.rounds} rounds")
middle = {name: statistics.median(values) for name, values in seconds.items()}
ours = next(iter(middle.values()))
for name, value in middle.items():
    print(f"{name:44} {value:6.3f} s  {(BATCH + OUTLIERS) / value:6.0f} images/s  {value / ours:5.2f} of Flatland's time")
