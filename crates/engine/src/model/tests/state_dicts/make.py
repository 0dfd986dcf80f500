"""Checkpoints as people save them, made by PyTorch and NumPy, with the logits of every state dict in them.

    python make.py        # PyTorch 2.11, NumPy 2, safetensors; writes NAME.gz and expected.json beside itself

Every tensor is a short pattern, so that the files compress to almost nothing. `expected.json` holds, per file, the keys of its state dicts in
the order in which they are read, and the logits of each on `images()`.
"""

import copy
import gzip
import io
import json
import pathlib
import pickle

import numpy as np
import safetensors.torch
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.swa_utils import AveragedModel

HERE = pathlib.Path(__file__).parent


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if x.shape != y.shape:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, y.shape[1] // 4, y.shape[1] // 4))
        return F.relu(x + y)


class ResNet8(nn.Module):
    """CIFAR ResNet with n = 1 and option A, names of akamaster/pytorch_resnet_cifar10."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(Block(16, 16, 1))
        self.layer2 = nn.Sequential(Block(16, 32, 2))
        self.layer3 = nn.Sequential(Block(32, 64, 2))
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(x.mean((2, 3)))


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.project = nn.Linear(8, 64)
        self.image = nn.ConvTranspose2d(4, 3, 4, 2, 1)


class Tuned(nn.Module):
    """ModelWithTemperature of gpleiss/temperature_scaling."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        self.temperature = nn.Parameter(torch.ones(1) * 1.5)


def net(phase, model=None):
    """A network whose numbers depend on `phase`."""
    model = model or ResNet8()
    with torch.no_grad():
        for place, (name, tensor) in enumerate(model.state_dict().items()):
            if name.endswith("num_batches_tracked"):
                continue
            pattern = ((torch.arange(tensor.numel()) * (1 + place % 3) + phase) % 7 - 3).float() / 3
            fan = tensor[0].numel() if tensor.dim() > 1 else 1
            if name.endswith("running_var"):
                value = 1 + 0.2 * pattern
            elif name.endswith("running_mean") or name.endswith("bias"):
                value = 0.1 * pattern
            elif tensor.dim() == 1:
                value = 1 + 0.1 * pattern
            else:
                value = pattern / fan**0.5
            tensor.copy_(value.reshape(tensor.shape))
    return model.eval()


def images():
    return ((torch.arange(2 * 3 * 32 * 32) % 11 - 5).float() / 5).reshape(2, 3, 32, 32)


def logits(model):
    with torch.no_grad():
        return [[round(value, 6) for value in row] for row in model.double()(images().double()).tolist()]


def optimizer(model):
    """SGD with momentum after a step."""
    sgd = torch.optim.SGD(model.parameters(), 0.0, momentum=0.9)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    sgd.step()
    sgd.zero_grad()
    return sgd


def adam(model):
    chosen = torch.optim.Adam(model.parameters(), 0.0)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    chosen.step()
    return chosen


def prefixed(prefix, tensors):
    return {prefix + name: tensor for name, tensor in tensors.items()}


def nested(tensors):
    tree = {}
    for name, tensor in tensors.items():
        node = tree
        *outer, last = name.split(".")
        for part in outer:
            node = node.setdefault(part, {})
        node[last] = tensor
    return tree


EXPECTED = {}


def write(name, data, keys, refused=None):
    (HERE / f"{name}.gz").write_bytes(gzip.compress(data, 9, mtime=0))
    EXPECTED[name] = {"state_dicts": [{"key": key, "logits": model and logits(copy.deepcopy(model))} for key, model in keys]}
    if refused:
        EXPECTED[name]["refused"] = refused


def saved(value, **options):
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return buffer.getvalue()


def main():
    a, b = net(0), net(3)
    sd, ema = a.state_dict(), b.state_dict()
    parameters = dict(b.named_parameters())
    # What evaluates averages of parameters alone: the statistics of the network that is trained.
    mixed = copy.deepcopy(a)
    mixed.load_state_dict({**sd, **{name: p.detach() for name, p in parameters.items()}})
    arrays = {name: tensor.numpy() for name, tensor in sd.items()}

    averaged = AveragedModel(a)
    write("averaged_model", saved(averaged.state_dict()), [(".", a)])
    write("averaged_data_parallel", saved({"swa": AveragedModel(nn.DataParallel(a)).state_dict(), "epoch": 3}), [("swa", a)])
    write(
        "model_and_ema",
        saved({
            "model": sd, "ema": ema, "optimizer": optimizer(a).state_dict(), "epoch": 7, "best_acc": torch.tensor(91.5),
            "scaler": {"scale": 65536.0, "growth_factor": 2.0}, "rng_state": torch.get_rng_state(),
        }),
        [("model", a), ("ema", b)],
    )
    write(
        "ema_first",
        saved({"ema": {"module": ema, "decay": 0.999, "updates": torch.tensor(40)}, "optimizer": adam(a).state_dict(), "model": sd}),
        [("model", a), ("ema.module", b)],
    )
    write("timm", saved({"epoch": 1, "arch": "resnet8", "state_dict": sd, "optimizer": adam(a).state_dict(), "state_dict_ema": ema}),
          [("state_dict", a), ("state_dict_ema", b)])
    write("swa", saved({"state_dict": sd, "swa_state_dict": AveragedModel(b).state_dict()}), [("state_dict", a), ("swa_state_dict", b)])
    write("mmengine", saved({"meta": {}, "state_dict": ema, "ema_state_dict": {"steps": torch.tensor(9), **prefixed("module.", sd)}}),
          [("state_dict", b), ("ema_state_dict", a)])
    write(
        "lightning",
        saved({
            "epoch": 1, "pytorch-lightning_version": "2.4.0", "optimizer_states": [optimizer(a).state_dict()], "lr_schedulers": [],
            "state_dict": {**prefixed("model.", sd), "criterion.weight": torch.ones(10), "loss_fn.pos_weight": torch.ones(10)},
        }),
        [("state_dict", a)],
    )
    write("mmcv_hook", saved({"state_dict": {**sd, **{"ema_" + n.replace(".", "_"): p.detach() for n, p in parameters.items()}}}),
          [("state_dict", a), ("state_dict.ema", mixed)])
    lit = {"model_ema." + n.replace(".", ""): p.detach() for n, p in parameters.items()}
    lit |= {"model_ema.decay": torch.tensor(0.9999), "model_ema.num_updates": torch.tensor(12)}
    write("lit_ema", saved({"state_dict": {**prefixed("model.", sd), **lit}}), [("state_dict", a), ("state_dict.model_ema", mixed)])
    write("shadow", saved({"net": sd, "ema": {"decay": 0.9, "shadow": {n: p.detach() for n, p in parameters.items()}, "backup": {}}}),
          [("net", a), ("ema.shadow", mixed)])
    write("student_teacher", saved({**prefixed("teacher.backbone.", ema), **prefixed("student.backbone.", sd)}),
          [("student.backbone", a), ("teacher.backbone", b)])
    write("lucidrains", saved({
        "initted": torch.tensor(True), "step": torch.tensor(5), **prefixed("ema_model.", ema), **prefixed("online_model.", sd),
    }), [("online_model", a), ("ema_model", b)])
    write("moco", saved({"state_dict": {
        **prefixed("module.encoder_q.", sd), **prefixed("module.encoder_k.", ema),
    }}), [("state_dict.module.encoder_q", a), ("state_dict.module.encoder_k", b)])
    write("tuple_and_list", saved((7, [sd, ema], optimizer(a).state_dict())), [("[1][0]", a), ("[1][1]", b)])
    write("online_target", saved({"agent": {"online": sd, "target": ema}}), [("agent.online", a), ("agent.target", b)])
    write("deep", saved({"run": {"best": {"of": {"all": {"my_weights": sd}}}}}), [("run.best.of.all.my_weights", a)])
    write("nested", saved({"params": nested(sd), "step": 3}), [("params", a)])
    write("wrapped_thrice", saved({"model_state": prefixed("module._orig_mod.module.", sd)}), [("model_state", a)])
    write("unknown_prefix", saved({"state_dict": {"wrapper_of_mine.inner.criterion.weight": torch.ones(10),
                                                  **prefixed("wrapper_of_mine.inner.net.", sd)}}), [("state_dict", a)])
    write("modules", saved({"epoch": 3, "model": a, "ema": copy.deepcopy(b).half(), "updates": 17, "optimizer": None}),
          [("model", a), ("ema", copy.deepcopy(b).half().float())])
    write("gan", saved({"generator": {n: torch.ones_like(t) for n, t in Generator().state_dict().items()}, "discriminator": sd}), [("discriminator", a), ("generator", None)])
    tagged = copy.deepcopy(a)
    for parameter in tagged.parameters():
        parameter.tag = "mine"
    write("tensors_with_attributes", saved(tagged.state_dict(keep_vars=True)), [(".", a)])
    inside = {n.replace("layer2.0.", "layer2._orig_mod.0.").replace("layer3.", "layer3._checkpoint_wrapped_module."): t for n, t in sd.items()}
    write("wrapped_inside", saved({"model": inside}), [("model", a)])
    slots = {f"optimizer.{n}.{slot}": torch.ones_like(t) for n, t in parameters.items() for slot in ("exp_avg", "exp_avg_sq")}
    write("flat_optimizer.safetensors", safetensors.torch.save({**prefixed("model.", sd), **slots}), [(".", a)])
    write("temperature", saved(Tuned(a).state_dict()), [(".", None)], refused="temperature")

    write("numpy_in_torch", saved({"weights_of": arrays}), [("weights_of", a)])
    write("numpy_protocol_2", pickle.dumps({"a": [arrays, {n: t.numpy() for n, t in ema.items()}]}, 2), [("a[0]", a), ("a[1]", b)])
    write("numpy_protocol_4", pickle.dumps(arrays, 4), [(".", a)])
    write("numpy_protocol_5", pickle.dumps({n: np.asfortranarray(t) for n, t in arrays.items()}, 5), [(".", a)])
    write("numpy_big_endian", pickle.dumps({n: t.astype(t.dtype.newbyteorder(">")) for n, t in arrays.items()}, 4), [(".", a)])
    write("numpy_f64", pickle.dumps({n: np.asfortranarray(t.astype(np.float64)) for n, t in arrays.items()}, 4), [(".", a)])
    write("pickled_tensors", pickle.dumps(sd, 4), [(".", a)])
    write("pickled_tensors_protocol_2", pickle.dumps({"net": sd}, 2), [("net", a)])
    write("legacy_two", saved({"model": sd, "model_ema": ema}, _use_new_zipfile_serialization=False), [("model", a), ("model_ema", b)])
    write("two.safetensors", safetensors.torch.save({**prefixed("ema.", ema), **prefixed("model.", sd)}), [("model", a), ("ema", b)])

    quantized = {n: torch.quantize_per_tensor(t, 0.01, 0, torch.qint8) if t.dim() > 1 else t for n, t in sd.items()}
    write("quantized", saved(quantized), [(".", None)], refused="qint8")
    write("int8", saved({n: t.to(torch.int8) if t.dim() > 1 else t for n, t in sd.items()}), [(".", None)], refused="i8")
    write("complex", saved({n: t.to(torch.complex64) if t.dim() > 1 else t for n, t in sd.items()}), [(".", None)], refused="complex64")
    write("float8", saved({n: t.to(torch.float8_e4m3fn) if t.dim() > 1 else t for n, t in sd.items()}), [(".", None)],
          refused="float8_e4m3fn")
    write("sgd", saved(optimizer(a).state_dict()), [], refused="an optimizer's state")
    write("adam_and_scaler", saved({"optimizer": adam(a).state_dict(), "scaler": {"scale": torch.ones(1)}, "epoch": 2}), [],
          refused="an optimizer's state")
    write("images", pickle.dumps({"data": np.zeros((4, 3072), np.uint8), "labels": [0, 1, 2, 3]}, 4), [(".", None)],
          refused="no known architecture")
    (HERE / "expected.json").write_text(json.dumps(EXPECTED, indent=1) + "\n")


if __name__ == "__main__":
    main()
