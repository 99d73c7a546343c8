"""One backward pass of a layer to be measured: of random numbers, or of a user's own."""

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


@dataclass(frozen=True)
class Pictures:
    """One backward pass of a convolution that keeps the size of its pictures, float32.

    x (batch, channels, height, width), w (filters, channels, kernel, kernel), dy (batch, filters, height, width).
    In memory x and dy have their channels last, as layers hand them on.
    """

    x: np.ndarray
    w: np.ndarray
    dy: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """(batch, channels, height, width, filters, kernel)."""
        return (*self.x.shape, len(self.w), self.w.shape[2])


def check_pictures(shape: Sequence[int]) -> tuple[int, ...]:
    """Check the shape of a convolution that is to be measured.

    Raises BadInput for anything but six whole numbers of at least 1, an even kernel, and where the layer with all
    that is measured would not fit into memory.
    """
    typed = ",".join(map(str, shape))
    if len(shape) != 6:
        raise BadInput(f"shape of a convolution must be N,C,H,W,M,K, such as 32,32,14,14,64,5, not {typed}")
    batch, channels, height, width, filters, kernel = found = tuple(
        check_int("each number in shape", n, least=1) for n in shape
    )
    if not kernel % 2:
        raise BadInput(f"K must be odd, so that a convolution keeps the size of its pictures, not {kernel}")
    per_weight, per_entry = 32, 24  # bytes; the reference backend that checks the results lowers the pictures
    lowered = 4 * batch * height * width * channels * kernel**2
    maps = per_entry * batch * height * width * (channels + filters)
    check_memory(
        per_weight * filters * channels * kernel**2 + maps + lowered, f"a shape of {typed}", "a smaller one"
    )
    return found


def random_pictures(
    batch: int, channels: int, height: int, width: int, filters: int, kernel: int, seed: int = 0
) -> Pictures:
    """Normal gradients, as after batch normalisation, and inputs of which half are zero, as ReLU leaves them."""
    rng = np.random.default_rng(seed)
    x = np.maximum(rng.standard_normal((batch, height, width, channels), np.float32), 0)
    dy = rng.standard_normal((batch, height, width, filters), np.float32)
    w = rng.standard_normal((filters, channels, kernel, kernel), np.float32)
    w /= np.float32(np.sqrt(w[0].size))
    return Pictures(x.transpose(0, 3, 1, 2), w, dy.transpose(0, 3, 1, 2))


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
