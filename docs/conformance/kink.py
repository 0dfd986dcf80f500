"""How far PyTorch's float32 gradient is from its float64 one, and how far the float64 one moves when weights change by float32's rounding.

    python docs/conformance/kink.py FOLDER   (the folder of the shared test data, which has PyTorch definitions of its networks)
"""
import copy
import sys

import torch

shared = sys.argv[1]
sys.path.insert(0, f"{shared}/oracle")
from nets import load_images, load_net, to_input

torch.set_num_threads(2)
net = load_net(f"{shared}/data/checkpoints/oecc_cifar10_densenet_baseline.pth").eval()
images, labels = load_images(f"{shared}/data/cifar-10-batches-bin/test_batch.bin", 24)
y = torch.from_numpy(labels).long()


def gradient(net, x, y):
    net.zero_grad()
    torch.nn.functional.cross_entropy(net(x).double(), y).backward()
    return torch.cat([p.grad.double().flatten() for p in net.parameters()])


for k in range(3):
    batch = slice(8 * k, 8 * k + 8)
    x = to_input(images[batch], "hendrycks", torch.float64)
    double = copy.deepcopy(net).double()
    g64, g32 = gradient(double, x, y[batch]), gradient(net, x.float(), y[batch])
    norm, moves = g64.norm(), []
    for seed in range(4):
        torch.manual_seed(seed)
        moved = copy.deepcopy(double)
        with torch.no_grad():
            for parameter in moved.parameters():
                parameter.mul_(1 + 6e-8 * torch.randn_like(parameter))
        moves.append(f"{((gradient(moved, x, y[batch]) - g64).norm() / norm).item():.1e}")
    error = ((g32 - g64).norm() / norm).item()
    print(k, f"norm {norm.item():.3e}", f"float32 off {error:.1e}", "float64 moved", moves, flush=True)
