"""Two small networks as ONNX files of both exporters of PyTorch, with and without the optimizations that change weights, and what eager PyTorch
computes of them: logits and the norms of the gradients.

    python make.py        # needs torch 2.11, onnx and onnxscript
"""
import json
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(4, eps=1e-3, momentum=0.03)
        self.conv2 = nn.Conv2d(4, 8, 3, stride=2, padding=1, groups=2)
        self.bn2 = nn.BatchNorm2d(8)
        self.fc1 = nn.Linear(8, 6)
        self.fc2 = nn.Linear(6, 5)

    def forward(self, x):
        x = F.max_pool2d(F.relu6(self.bn1(self.conv1(F.pad(x, (1, 0, 2, 1))))), 2)
        x = F.hardswish(self.bn2(self.conv2(x)))
        x = F.adaptive_avg_pool2d(x, 1).flatten(1)
        return self.fc2(F.leaky_relu(self.fc1(x), 0.2))


class Vit(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Conv2d(3, 8, 4, stride=4)
        self.cls = nn.Parameter(torch.randn(1, 1, 8))
        self.pos = nn.Parameter(torch.randn(1, 5, 8))
        self.norm1, self.norm2, self.norm = nn.LayerNorm(8), nn.LayerNorm(8), nn.LayerNorm(8, eps=1e-6)
        self.qkv, self.proj = nn.Linear(8, 24), nn.Linear(8, 8)
        self.fc1, self.fc2, self.head = nn.Linear(8, 12), nn.Linear(12, 8), nn.Linear(8, 5)

    def forward(self, x):
        x = self.embed(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], 1) + self.pos
        batch, tokens, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).reshape(batch, tokens, 3, 2, width // 2).permute(2, 0, 3, 1, 4).unbind(0)
        x = x + self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, tokens, width))
        x = x + self.fc2(F.gelu(self.fc1(self.norm2(x))))
        return self.head(self.norm(x)[:, 0])


def main():
    folder = Path(__file__).parent
    expected = {}
    for name, made in [("cnn", Cnn), ("vit", Vit)]:
        torch.manual_seed(1)
        network = made().eval()
        with torch.no_grad():
            # Equal tensors would be one for the older exporter.
            for tensor in [*network.parameters(), *(b for b in network.buffers() if b.is_floating_point())]:
                tensor.add_(0.1 * torch.rand_like(tensor))
        x, y = torch.randn(4, 3, 8, 8), torch.tensor([0, 3, 1, 4])
        logits = network(x)
        F.cross_entropy(logits, y).backward()
        expected[name] = {
            "x": x.flatten().tolist(),
            "y": y.tolist(),
            "logits": logits.flatten().tolist(),
            "gradient_norms": {key: p.grad.norm().item() for key, p in network.named_parameters()},
        }
        older = {"dynamo": False, "input_names": ["x"], "dynamic_axes": {"x": {0: "batch"}}, "opset_version": 18}
        newer = {"dynamo": True, "external_data": False, "dynamic_shapes": ({0: torch.export.Dim("batch")},), "opset_version": 20}
        kept = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}
        torch.onnx.export(network, (x,), folder / f"{name}.older.onnx", **older, **kept)
        torch.onnx.export(network, (x,), folder / f"{name}.newer.onnx", **newer, optimize=False)
        torch.onnx.export(network, (x,), folder / f"{name}.older_folded.onnx", **older)
        torch.onnx.export(network, (x,), folder / f"{name}.newer_folded.onnx", **newer)
    (folder / "expected.json").write_text(json.dumps(expected))


main()
