"""Writes pca.json: FVU of PneumoniaMNIST's test images, every second pixel both ways, rebuilt by numpy from principal
components.

    pip install numpy==2.4.6 && python3 make_pca.py

The "all" figures are for components of all training images, by singular value decomposition of the centered images; the
"few" ones for the first 100 images.
"""
import json
import pathlib

import numpy as np

here = pathlib.Path(__file__).parent
archive = np.load(here / "../../pneumoniamnist/pneumoniamnist.npz")
train, test = (archive[k][:, ::2, ::2].reshape(len(archive[k]), -1) / 255 for k in ("train_images", "test_images"))
DIMS = [0, 1, 2, 8, 32, 99, 150]


def fvu(train):
    mean = train.mean(axis=0)
    _, singular, components = np.linalg.svd(train - mean, full_matrices=False)
    components = components[singular > 1e-9 * singular[0]]
    x = test - mean
    errors = [x - x @ components[:d].T @ components[:d] for d in DIMS]
    return [float((e**2).sum() / (x**2).sum()) for e in errors]


json.dump({"dims": DIMS, "all": fvu(train), "few": fvu(train[:100])}, open(here / "pca.json", "w"), indent=1)
