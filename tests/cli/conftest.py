"""What several tests of commands begin with."""

import numpy as np
import pytest
from commands import FEW, SIZES, report


@pytest.fixture
def pictures(tmp_path):
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    x = 0.3 * rng.random((60, 2, 6, 5))
    x[y == 0, :, 3], x[y == 1, :, :, 4], x[y == 2, :, :3, :3] = 1, 1, 1
    np.savez(tmp_path / "pictures.npz", x=x.astype(np.float32), y=y)
    return str(tmp_path / "pictures.npz")


@pytest.fixture
def trained(capsys, pictures, tmp_path):
    """The folder of a run of `train` with two arms."""
    words = ["--model", "lenet", "--data", pictures, *SIZES, *FEW, "--epochs", "2", "--evals", "2"]
    out = tmp_path / "trained"
    found = report(capsys, "train", *words, "--select", "topk", "--k", "20%", "--optimizer", "sgd",
                   "--momentum", "0.9", "--lr", "0.05", "--out", out)  # fmt: skip
    return out, found
