"""Makers of small things that several tests need."""

import importlib
import struct
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import minimalbp as mbp
from minimalbp.data.formats.idx import DTYPES
from minimalbp.errors import BadInput
from minimalbp.experiment import arms
from minimalbp.kernels.cpu import policy
from minimalbp.select import Lists, masked

SCRIPTS = Path(__file__).parent.parent / "scripts"
IDX_CODES = {np.dtype(dtype).newbyteorder("="): code for code, dtype in DTYPES.items()}
NO_JIT = not policy.JIT  # kernels are plain Python then, for coverage
JIT_ONLY = pytest.mark.skipif(NO_JIT, reason="takes long in plain Python, whose lines shorter tests cover")
CLOSE = {"float32": 2e-5, "float64": 1e-12}


def close(actual, expected, dtype):
    """Equal up to the rounding of `dtype`; NaN and infinity in the same places."""
    np.testing.assert_allclose(actual, expected, rtol=CLOSE[dtype], atol=CLOSE[dtype])


def small_integers(rng, shape, dtype):
    """Entries -4..4: sums of their products are exact in every type and in every order."""
    return rng.integers(-4, 5, shape).astype(dtype)


def format_idx(array):
    """The bytes of an IDX file for `array`."""
    code = IDX_CODES[array.dtype.newbyteorder("=")]
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    return header + array.astype(DTYPES[code]).tobytes()


def unwritten(shape, dtype):
    """An output that nobody has written to: what is missed stays NaN (or a number that no unit has)."""
    return np.full(shape, np.nan if np.dtype(dtype).kind == "f" else -77, dtype)


def refused(call, *fragments):
    """`call()` raises BadInput with a message of one line that holds every fragment."""
    with pytest.raises(BadInput) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    for fragment in fragments:
        assert fragment in message, message
    return message


def clusters(n=60, n_in=7, n_classes=3, seed=0):
    """A small data set that a linear network learns: noisy points around one centre for each class."""
    rng = np.random.default_rng(seed)
    centres = 2 * rng.normal(size=(n_classes, n_in))

    def split(count):
        y = np.arange(count) % n_classes
        x = centres[y] + 0.5 * rng.normal(size=(count, n_in))
        return mbp.Split(x.astype(np.float32), y.astype(np.int64))

    classes = tuple(f"class {c}" for c in range(n_classes))
    return mbp.Dataset("clusters", split(n), split(17), split(13), classes)


def parameters(net):
    """{name: a copy} of what has been learnt, running means too."""
    return {p.name: p.value.copy() for p in [*net.parameters(), *net.statistics()]}


def assert_same(a, b):
    """Two dictionaries of arrays, bit for bit."""
    assert a.keys() == b.keys()
    for key in a:
        assert a[key].dtype == b[key].dtype
        assert a[key].tobytes() == b[key].tobytes(), key


def full_gradient(p):
    """The gradient of a parameter as an array of its shape, zero outside the rows."""
    full = np.zeros_like(p.value)
    full[slice(None) if p.grad.rows is None else p.grad.rows] = p.grad.values
    return full


def chosen_mask(choice, shape):
    """Which entries of a (batch, n_out) gradient a choice keeps, as booleans."""
    if choice is None:
        return np.ones(shape, bool)
    if isinstance(choice, Lists):
        return masked(choice, np.ones(len(choice.unit), bool), shape)
    mask = np.zeros(shape, bool)
    if choice.ndim == 1:
        mask[:, choice] = True
    else:
        np.put_along_axis(mask, choice, True, axis=1)
    return mask


@contextmanager
def in_pieces(n, threads=2):
    """Cut the work of every cpu kernel into n pieces, however small it is and however few the cores."""
    with policy.threads(threads), pytest.MonkeyPatch.context() as patch:  # the patch is undone first
        patch.setattr(policy, "PIECE", 1e-3)
        patch.setattr(policy._here, "threads", n)
        yield


def script(name):
    """A module of scripts/, with its neighbours there to import as if it were run."""
    if sys.path[0] != str(SCRIPTS):
        sys.path.insert(0, str(SCRIPTS))
    return importlib.import_module(name)


class Told(mbp.Companion):
    """Calls a function with each record; the training ends where it returns True."""

    def __init__(self, function):
        self.after_part = function


def stop_after(monkeypatch, looks):
    """Ctrl-C in the first trainings of `minimalbp simplify`, in each after as many evaluations as `looks` says."""
    true_prepare, stops = arms.prepare, iter(looks)

    def stopping(*args, companions, **kwargs):
        left = None

        def interrupt(record):
            nonlocal left
            left = (next(stops, 100) if left is None else left) - 1
            if left == 0:
                raise KeyboardInterrupt

        return true_prepare(*args, companions=[*companions, Told(interrupt)], **kwargs)

    monkeypatch.setattr(arms, "prepare", stopping)
