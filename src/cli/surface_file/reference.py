"""tomgoldstein.h5: a surface file as plot_surface.py of tomgoldstein/loss-landscape writes it, of a grid that is not square.

    python reference.py tomgoldstein.h5

The cells are filled in the order of its scheduler.py (np.meshgrid of x and y, raveled), through its declared shape (nx, ny); one cell is
NaN and one is not computed (-1). Loss = 2 + x + 10 y, accuracy = 50 + x.
"""

import sys

import h5py
import numpy as np

x, y = np.linspace(-1, 1, 4), np.linspace(0, 1, 3)
with h5py.File(sys.argv[1], "w") as f:
    f["dir_file"] = "directions.h5"
    f["xcoordinates"], f["ycoordinates"] = x, y
    losses, accuracies = -np.ones((len(x), len(y))), -np.ones((len(x), len(y)))
    xs, ys = (m.ravel() for m in np.meshgrid(x, y))
    for k in range(losses.size - 1):
        losses.ravel()[k] = np.nan if k == 5 else 2 + xs[k] + 10 * ys[k]
        accuracies.ravel()[k] = 50 + xs[k]
    f["train_loss"], f["train_acc"] = losses, accuracies
