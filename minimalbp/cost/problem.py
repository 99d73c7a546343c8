"""One backward pass of a linear layer to be measured: of random numbers, or of a user's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import BadInput, check_int
from ..measure.machine import check_memory


@dataclass(frozen=True)
class Problem:
    """One backward pass of a linear layer: x (batch, n_in), w (n_out, n_in), dy (batch, n_out), float32."""

    x: np.ndarray
    w: np.ndarray
    dy: np.ndarray

    @property
    def shape(self) -> tuple[int, int, int]:
        """(batch, n_in, n_out)."""
        return (*self.x.shape, len(self.w))


def check_shape(shape: Sequence[int]) -> tuple[int, int, int]:
    """Check the shape of a layer that is to be measured.

    Parameters
    ----------
    shape : sequence of int
        batch, n_in, n_out.

    Returns
    -------
    tuple of int
        The same numbers.

    Raises
    ------
    BadInput
        For anything but three whole numbers of at least 1, and where the layer with all that is measured would
        not fit into memory.

    Examples
    --------
    >>> from minimalbp.cost import check_shape
    >>> check_shape([64, 500, 500])
    (64, 500, 500)
    """
    if len(shape) != 3:
        raise BadInput(f"shape must be BATCH,N_IN,N_OUT, such as 64,500,500, not {','.join(map(str, shape))}")
    batch, n_in, n_out = (check_int("each number in shape", n, least=1) for n in shape)
    per_weight, per_example = 32, 24  # bytes: w (and as float64 when drawn), both dW, two moments, scratch
    need = per_weight * n_in * n_out + per_example * batch * (n_in + n_out)
    check_memory(need, f"a shape of {batch},{n_in},{n_out}", "a smaller one")
    return batch, n_in, n_out


def random_problem(batch: int, n_in: int, n_out: int, seed: int = 0) -> Problem:
    """Normal gradients, and inputs of which half are zero, as ReLU leaves them."""
    rng = np.random.default_rng(seed)
    x = np.maximum(rng.standard_normal((batch, n_in), np.float32), 0)
    w = rng.standard_normal((n_out, n_in), np.float32) / np.float32(np.sqrt(n_in))
    return Problem(x, w, rng.standard_normal((batch, n_out), np.float32))


def load_problem(path: str | Path) -> Problem:
    """A user's own layer: the arrays x, w and dy of an .npz. Raises BadInput where they do not form a layer."""
    if not Path(path).is_file():
        raise BadInput(f"{path}: no such file; give an .npz with the arrays x, w and dy")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in ("x", "w", "dy")}
    except Exception as e:  # damaged bytes surface as a dozen types
        raise BadInput(f"{path} is not an .npz with the arrays x, w and dy ({type(e).__name__})") from e
    for name, array in arrays.items():
        if array.dtype.kind not in "iufb" or not (np.abs(array) <= np.finfo(np.float32).max).all():
            raise BadInput(f"{path}: {name} must hold finite numbers (float32 ends at 3.4e38); correct it")
    x, w, dy = (np.ascontiguousarray(array, np.float32) for array in arrays.values())
    if not (x.ndim == w.ndim == dy.ndim == 2 and x.shape[1] == w.shape[1] and dy.shape == (len(x), len(w))):
        raise BadInput(
            f"{path} must hold x (batch, n_in), w (n_out, n_in) and dy (batch, n_out), not {x.shape}, {w.shape} "
            f"and {dy.shape}"
        )
    if not x.size or not w.size:
        raise BadInput(f"{path} holds an empty layer: {x.shape}, {w.shape}")
    return Problem(x, w, dy)
