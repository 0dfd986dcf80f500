"""Makes identity.pt2, whose logits are its dropped inputs [12], and convolutional.pt2, a network of images with three kinds of dropout, one of them in
place, and random weights. With torch 2.11.0."""
from pathlib import Path

import torch
from torch import nn

torch.manual_seed(0)
here = Path(__file__).parent
last = nn.Linear(12, 12, bias=False)
last.weight.data = torch.eye(12)
networks = {
    "identity": (nn.Sequential(nn.Dropout(0.3), last), (12,)),
    "convolutional": (
        nn.Sequential(
            nn.Conv2d(3, 6, 3, stride=4),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.Dropout2d(0.25),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(24, 16),
            nn.SELU(),
            nn.AlphaDropout(0.1),
            nn.Dropout(0.5, inplace=True),
            nn.Dropout(0.0),
            nn.Linear(16, 7),
        ),
        (3, 32, 32),
    ),
}
for name, (model, shape) in networks.items():
    program = torch.export.export(model.eval(), (torch.randn(2, *shape),), dynamic_shapes=({0: torch.export.Dim("batch")},))
    print(name, [node.target for node in program.graph.nodes if "dropout" in str(node.target)])
    torch.export.save(program, here / f"{name}.pt2")
