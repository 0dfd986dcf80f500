"""Losses of PyTorch with weight decay as torch.optim.SGD applies it, on a small network: values, gradients through one SAM step, products
with the Hessian, λ_max, values on a plane, and the same of each layer alone. The numbers of tests.rs and of ../hessian/per_layer_tests.rs. Float64 throughout; independent of Flatland; needs torch.

    python crates/engine/src/analysis/loss/reference.py
"""
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
N, D, H, C = 6, 48, 5, 3
# The same numbers as `network` and `data` of the tests, rounded to float32 as weights and images are.
wave = lambda n, a, b, c: torch.tensor([a * torch.tensor(b * k + c).sin().item() for k in range(n)]).float().double()
names = ["hidden.weight", "hidden.bias", "fc.weight", "fc.bias"]
theta = {
    "hidden.weight": wave(H * D, 0.6, 1.7, 0.3).view(H, D),
    "hidden.bias": wave(H, 0.4, 2.1, 0.5),
    "fc.weight": wave(C * H, 1.1, 0.9, 1.2).view(C, H),
    "fc.bias": wave(C, 0.3, 1.3, 0.1),
}
pixels = torch.tensor([[(i * 7919 + p * 104729 + i * p * 31) % 251 for p in range(16)] for i in range(N)]).repeat_interleave(3, 1)
# Grey images: the three channels of a pixel are the same, [N, 3, 4, 4] is [N, 48] channel by channel.
x = (pixels.view(N, 16, 3).transpose(1, 2).reshape(N, D).float() / 255).double()
y = torch.tensor([i % C for i in range(N)])
delta = {n: 0.05 * torch.cos(torch.arange(t.numel()) * 0.7 + 1).float().double().view_as(t) for n, t in theta.items()}


def logits(t):
    return F.linear(torch.tanh(F.linear(x, t["hidden.weight"], t["hidden.bias"])), t["fc.weight"], t["fc.bias"])


def data_loss(kind, s):
    one_hot = F.one_hot(y, C).double()
    return {
        "cross_entropy": lambda z: F.cross_entropy(z, y, label_smoothing=s),
        "mse": lambda z: F.mse_loss(z, one_hot),
        # tomgoldstein/loss-landscape, evaluation.py: softmax, then MSELoss with one-hot targets.
        "mse_softmax": lambda z: F.mse_loss(F.softmax(z, dim=1), one_hot),
    }[kind]


for kind, s, wd in [("cross_entropy", 0.0, 0.0), ("cross_entropy", 0.1, 0.0), ("cross_entropy", 0.0, 0.01), ("cross_entropy", 0.1, 0.01),
                    ("mse", 0.0, 0.0), ("mse", 0.0, 0.01), ("mse_softmax", 0.0, 0.0), ("mse_softmax", 0.0, 0.01)]:
    of = data_loss(kind, s)

    def loss(t):
        return of(logits(t)) + 0.5 * wd * sum((t[n] ** 2).sum() for n in names)

    parameters = {n: t.clone().requires_grad_() for n, t in theta.items()}
    value = loss(parameters)
    gradient = torch.autograd.grad(value, list(parameters.values()), create_graph=True)
    # What SGD with this weight decay adds is the gradient of the term: one step without momentum shows it.
    if wd:
        twins = [t.clone().requires_grad_() for t in theta.values()]
        sgd = torch.optim.SGD(twins, lr=1.0, weight_decay=wd)
        of(logits(dict(zip(names, twins)))).backward()
        sgd.step()
        for twin, t, g in zip(twins, theta.values(), gradient):
            assert torch.allclose(t - twin, g, rtol=0, atol=1e-13)
    norm = torch.cat([g.flatten() for g in gradient]).norm()
    moved = {n: t + 0.1 * g.detach() / norm for (n, t), g in zip(theta.items(), gradient)}
    v = torch.cat([torch.cos(torch.arange(t.numel()) * 1.3) for t in theta.values()])
    flat = torch.cat([g.flatten() for g in gradient])
    product = torch.cat([h.flatten() for h in torch.autograd.grad(flat @ v, list(parameters.values()), retain_graph=True)])
    rows = [torch.cat([h.flatten() for h in torch.autograd.grad(g, list(parameters.values()), retain_graph=True)]) for g in flat]
    eigenvalues = torch.linalg.eigvalsh(torch.stack(rows))
    plane = loss({n: t + 1.5 * delta[n] for n, t in theta.items()})
    numbers = [value, norm, loss(moved) - value, v @ product, product.norm(), eigenvalues[-1], eigenvalues[0], torch.stack(rows).trace(), plane]
    if (kind, wd) == ("cross_entropy", 0.01):
        # The same by the parameters of one layer alone: ‖θ_l‖, λ_max and trace of its block, the rise at one SAM step within it.
        at = 0
        for layer in ["hidden", "fc"]:
            own = [n for n in names if n.startswith(layer + ".")]
            size = sum(theta[n].numel() for n in own)
            block = torch.stack(rows)[at : at + size, at : at + size]
            length = torch.cat([g.flatten() for n, g in zip(names, gradient) if n in own]).norm()
            step = {n: t + (0.1 * g.detach() / length if n in own else 0) for (n, t), g in zip(theta.items(), gradient)}
            at += size
            norm_of = torch.cat([theta[n].flatten() for n in own]).norm()
            found = [norm_of, torch.linalg.eigvalsh(block)[-1], block.trace(), loss(step) - value]
            print(f'("{layer}", {s}, {size}, [{", ".join(repr(float(n.detach())) for n in found)}]),')
    print(f'("{kind}", {s}, {wd}, [{", ".join(repr(float(n.detach())) for n in numbers)}]),')
