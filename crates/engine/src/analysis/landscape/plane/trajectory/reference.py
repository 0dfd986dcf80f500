"""Checkpoints of a trajectory as people save them, written by PyTorch, and their principal components by scikit-learn: the files in
`checkpoints/` and the numbers of `tests.rs`. Independent of Flatland; needs torch, numpy and scikit-learn.

    python crates/engine/src/analysis/landscape/plane/trajectory/reference.py

Every tensor repeats its last axis (a view of stride 0), so that the files are small.
"""
import os
import numpy as np
import torch
from sklearn.decomposition import PCA

SHAPES = {
    "conv1.weight": (10, 1, 5, 5), "conv1.bias": (10,), "conv2.weight": (20, 10, 5, 5), "conv2.bias": (20,),
    "fc1.weight": (50, 320), "fc1.bias": (50,), "fc2.weight": (10, 50), "fc2.bias": (10,),
}
EPOCHS = [0, 1, 2, 5, 10, 20]
here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "checkpoints")
os.makedirs(here, exist_ok=True)
generator = torch.Generator().manual_seed(12)
draw = lambda shape: 0.05 * torch.randn(shape[-1], generator=generator)
start, first, second = ({name: draw(shape) for name, shape in SHAPES.items()} for _ in range(3))


def state(epoch):
    """A curve towards its end: two directions that decay at different rates, and noise."""
    a, b = np.exp(-epoch / 4), np.cos(epoch / 6)
    return {name: (start[name] + a * first[name] + b * second[name] + 0.05 * draw(shape)).float().expand(shape)
            for name, shape in SHAPES.items()}


states = {epoch: state(epoch) for epoch in EPOCHS}
path = lambda name: os.path.join(here, name)
torch.save(states[0], path("epoch_0.pt"))
torch.save({"epoch": 1, "state_dict": states[1], "lr": 0.1}, path("epoch_1.pth"))
torch.save({f"module.{name}": value for name, value in states[2].items()}, path("epoch_2.pt"))
torch.save(states[5], path("epoch_5.pt"), _use_new_zipfile_serialization=False)
torch.save({"model": states[10]}, path("epoch_10.pt"))
torch.save(states[20], path("epoch_20.pt"))
torch.save(states[10], path("best.pth"))

theta = np.stack([np.concatenate([states[epoch][name].numpy().astype(np.float64).ravel() for name in SHAPES]) for epoch in EPOCHS])
differences = theta - theta[-1]
pca = PCA(n_components=len(EPOCHS) - 1, svd_solver="full").fit(differences)
sign = np.where((differences @ pca.components_[:2].T)[0] < 0, -1.0, 1.0)
components = pca.components_[:2] * sign[:, None]
along = differences @ components.T
reach = np.abs(along).max(axis=0)
beside = np.linalg.norm(differences - along @ components, axis=1)


def constant(name, values, what):
    print(f"/// {what}\nconst {name}: [f64; {len(values)}] = [{', '.join(repr(float(f'{x:.10g}')) for x in values)}];")


constant("EXPLAINED_VARIANCE", pca.explained_variance_ratio_, "Shares, descending.")
constant("NORMS", reach, "‖δ‖ and ‖η‖.")
constant("ALPHA", along[:, 0] / reach[0], "Along δ.")
constant("BETA", along[:, 1] / reach[1], "Along η.")
constant("DISTANCE", beside, "Beside the plane.")
