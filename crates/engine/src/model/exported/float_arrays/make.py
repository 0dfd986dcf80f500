"""Makes mlp.pt2 and signal.pt2, small networks of float arrays with random weights, and expected.json: what PyTorch computes with them. With torch 2.11.0."""
import json
from pathlib import Path

import torch
from torch import nn

torch.manual_seed(0)
here = Path(__file__).parent
networks = {
    "mlp": (nn.Sequential(nn.Linear(7, 8), nn.Tanh(), nn.BatchNorm1d(8), nn.Linear(8, 3)), (7,)),
    "signal": (
        nn.Sequential(nn.Conv1d(4, 6, 5, stride=2, padding=2), nn.BatchNorm1d(6), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(6, 3)),
        (4, 20),
    ),
}
expected = {}
for name, (model, shape) in networks.items():
    model(torch.randn(64, *shape))
    model.eval()
    x, y = torch.randn(5, *shape), torch.tensor([0, 1, 2, 0, 1])
    logits = model(x)
    loss = nn.functional.cross_entropy(logits, y)
    loss.backward()
    norms = {key: values.grad.norm().item() for key, values in model.named_parameters()}
    expected[name] = {"x": x.flatten().tolist(), "y": y.tolist(), "logits": logits.flatten().tolist(), "loss": loss.item(), "gradient_norms": norms}
    program = torch.export.export(model, (torch.randn(2, *shape),), dynamic_shapes=({0: torch.export.Dim("batch")},))
    torch.export.save(program, here / f"{name}.pt2")
(here / "expected.json").write_text(json.dumps(expected) + "\n")
