"""AugMix by torchvision 0.26 (torch 2.11): made golden.npz, what the tests of this folder compare with, by `python reference.py golden.npz`.

`operations` [13, 2, 24, 20, 3]: each operation at steps 3 and 4 of its table, negative at step 4 where it may be; and the statistics
of 4,000 mixes at severities 1, 3 and 5: mean and deviation over draws of the pixels' mean, their deviation and the PSNR."""
import sys

import numpy as np
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.autoaugment import AugMix, _apply_op

rng = np.random.default_rng(0)
rows, columns = np.meshgrid(np.arange(24), np.arange(20), indexing="ij")
waves = [120 + 70 * np.sin(rows / a + 0.3) + 40 * np.cos(columns / b) for a, b in ((3, 2), (4, 5), (2, 3))]
image = np.clip(np.dstack(waves) + rng.normal(scale=6, size=(24, 20, 3)), 0, 255).astype(np.uint8)
tensor = torch.from_numpy(image).permute(2, 0, 1).contiguous()

operations = []
for name, (table, signed) in AugMix()._augmentation_space(10, (24, 20)).items():
    for step in (3, 4):
        magnitude = float(table[step]) if table.ndim else 0.0
        magnitude *= -1 if signed and step == 4 else 1
        out = _apply_op(tensor[None], name, magnitude, InterpolationMode.BILINEAR, None)[0]
        operations.append(out.permute(1, 2, 0).numpy())

torch.manual_seed(0)
statistics = []
for severity in (1, 3, 5):
    mix, found = AugMix(severity), []
    for _ in range(4000):
        out = mix(tensor).permute(1, 2, 0).numpy().astype(float)
        error = ((out - image) ** 2).mean()
        found.append([out.mean(), out.std(), 10 * np.log10(255**2 / max(error, 1e-3))])
    statistics.append(np.stack([np.mean(found, 0), np.std(found, 0)], 1))
np.savez_compressed(sys.argv[1], image=image, operations=np.array(operations), statistics=np.array(statistics))
