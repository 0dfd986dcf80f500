"""ε of one ascent of SAM by each definition of the adaptive ball, float64: the numbers of `REFERENCE` in ../ascent.rs. The steps follow
the published code line by line (SamsungLabs/ASAM asam.py, davda54/sam sam.py), and are independent of Flatland; needs torch.

    python crates/engine/src/train/ascent/reference.py
"""
import torch

RHO, ETA = 0.5, 0.01
NAMES = {"fc.weight": (2, 3), "bn.weight": (2,), "bn.bias": (2,), "fc.bias": (2,)}


def parts(values):
    out, at = {}, 0
    for name, shape in NAMES.items():
        n = torch.Size(shape).numel()
        out[name] = torch.tensor(values[at : at + n], dtype=torch.float64).view(shape)
        at += n
    return out


theta = parts([0.1 * (k * 7 % 12) - 0.5 for k in range(12)])
gradient = parts([0.3 * (k * 5 % 12) - 1.2 for k in range(12)])


def davda54():
    # sam.py, first_step and _grad_norm with adaptive = True.
    norm = torch.norm(torch.stack([(torch.abs(theta[n]) * gradient[n]).norm(p=2) for n in NAMES]), p=2)
    scale = RHO / (norm + 1e-12)
    return {n: torch.pow(theta[n], 2) * gradient[n] * scale for n in NAMES}


def asam():
    # asam.py, ascent_step.
    grads, scales, norms = {n: gradient[n].clone() for n in NAMES}, {}, []
    for n in NAMES:
        if "weight" in n:
            scales[n] = theta[n].clone().abs_().add_(ETA)
            grads[n].mul_(scales[n])
        norms.append(torch.norm(grads[n], p=2))
    norm = torch.norm(torch.stack(norms), p=2) + 1e-16
    for n in NAMES:
        if "weight" in n:
            grads[n].mul_(scales[n])
    return {n: grads[n] * (RHO / norm) for n in NAMES}


def filter_wise():
    # Kwon et al. 2021, section 3: T of a filter is its norm; 1-D tensors as in asam.py.
    def t(n):
        w = theta[n]
        if w.dim() >= 2:
            return w.flatten(1).norm(dim=1).view(-1, *[1] * (w.dim() - 1)).expand_as(w)
        return w.abs() + ETA if "weight" in n else torch.ones_like(w)

    norm = torch.cat([(t(n) * gradient[n]).flatten() for n in NAMES]).norm()
    return {n: RHO * t(n) ** 2 * gradient[n] / norm for n in NAMES}


for name, epsilon in [("Theta", davda54()), ("Elementwise", asam()), ("Filter", filter_wise())]:
    values = torch.cat([epsilon[n].flatten() for n in NAMES]).tolist()
    print(f"(Adaptive::{name}, [{', '.join(repr(v) for v in values)}]),")
