"""Fixtures of the engine's tests: every backend, every type, kernels in one piece and in several, fixed seeds."""

import gc
import os
import sys

try:
    import fcntl
except ImportError:  # Windows: two workers may compile the same kernel
    fcntl = None

# Where other programs hold the cores, threads that spin while they wait for each other cost 8 ms a time. Read once,
# when the pool starts.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


import numpy as np
import pytest
from helpers import NO_JIT, in_pieces
from hypothesis import settings
from matplotlib.figure import Figure
from numba.core.dispatcher import Dispatcher
from threadpoolctl import threadpool_limits

from minimalbp.backend import BACKENDS, DTYPES, get_backend
from minimalbp.cost import forward
from minimalbp.data import KNOWN, load_treebank
from minimalbp.data.known.locations import locate
from minimalbp.kernels.cpu import policy

DATA = os.environ.get("MINIMALBP_DATA")

settings.register_profile("repeatable", deadline=None, derandomize=True, max_examples=20 if NO_JIT else 100)
settings.load_profile("repeatable")

# Numba makes objects by the million while it compiles. A twentieth of its time would go to looking for garbage.
gc.set_threshold(20_000, 50)


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Tiny kernels on one thread: waking a second costs milliseconds where other programs want the cores too."""
    with policy.threads(1), threadpool_limits(1):
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_once(tmp_path_factory):
    """The workers of pytest-xdist share one cache of kernels: where one compiles, the others wait and read.

    A kernel is locked before those that it calls, and none calls itself, so nobody waits in a circle.
    """
    locks, compile = tmp_path_factory.getbasetemp().parent, Dispatcher.compile

    def alone(kernel, signature):
        if kernel._cache.cache_path is None or not kernel.__module__.startswith("minimalbp."):
            return compile(kernel, signature)
        with open(locks / f"{kernel.__module__}.{kernel.__qualname__}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return compile(kernel, signature)

    with pytest.MonkeyPatch.context() as patch:
        if fcntl and "PYTEST_XDIST_WORKER" in os.environ:
            patch.setattr(Dispatcher, "compile", alone)
        yield


@pytest.fixture(scope="session", autouse=True)
def short_measurements():
    """The speed of a forward pass in ten calls or so, where no test reads the figures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forward, "SECONDS", 1e-3)
        yield


@pytest.fixture(scope="session", autouse=True)
def each_figure_once():
    """Of each kind of figure the first is drawn, the others are blank: half of a command's time would go there.

    `tests/report/` has its own figures drawn, every one (`drawn` in its conftest.py).
    """
    true_savefig, known = Figure.savefig, set()

    def savefig(figure, file, *, format, **options):
        kind = sys._getframe(1).f_code.co_filename, format
        if kind in known:
            figure = Figure(figsize=figure.get_size_inches())
        known.add(kind)
        true_savefig(figure, file, format=format, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", savefig)
        yield true_savefig


def pytest_collection_finish():
    """The tests themselves, half a million objects, are no garbage: no search goes through them again."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items):
    """Float64 in several pieces is slow: compiled once more, for seconds; the cut does not depend on the type."""
    for item in items:
        params = getattr(item, "callspec", None) and item.callspec.params
        if params and params.get("dtype") == "float64" and any(map(_several, params.items())):
            item.add_marker("slow")


def _several(param):
    name, value = param
    return value > 1 if name in ("pieces", "threads") else name == "be" and "pieces" in str(value)


@pytest.fixture(scope="module", params=BACKENDS)
def backend(request):
    """The name of a backend."""
    return request.param


@pytest.fixture(scope="module", params=DTYPES)
def dtype(request):
    """The name of a floating type."""
    return request.param


@pytest.fixture(scope="module", params=["reference", "cpu", "cpu in 3 pieces"])
def be(request):
    """A backend to call kernels of, the cpu one also with more pieces than most sizes here have rows."""
    name, *pieces = request.param.split(" in ")
    if not pieces:
        yield get_backend(name)
        return
    with in_pieces(3):
        yield get_backend(name)


@pytest.fixture
def users_data(monkeypatch):
    """The folder of real data that MINIMALBP_DATA named when the tests began; a skip where it named none."""
    if not DATA:
        pytest.skip("MINIMALBP_DATA is not set: no real data to read")
    monkeypatch.setenv("MINIMALBP_DATA", DATA)


@pytest.fixture
def real_treebank(users_data):
    """The English Web Treebank, or a skip."""
    if any(locate(KNOWN["ud-english-ewt"], file) is None for file in KNOWN["ud-english-ewt"].files):
        pytest.skip("no copy of the English Web Treebank in MINIMALBP_DATA")
    return load_treebank("ud-english-ewt")


@pytest.fixture
def rng():
    return np.random.default_rng(1706_06197)


@pytest.fixture
def quiet():
    """NaN and infinity are meant: with the JIT switched off, NumPy would warn about them."""
    with np.errstate(all="ignore"):
        yield


@pytest.fixture
def points(tmp_path):
    """A data set of three separable classes in five dimensions."""
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    x = (rng.normal(size=(90, 5)) * 0.3 + np.eye(5)[y]).astype(np.float32)
    np.savez(tmp_path / "points.npz", x=x, y=y)
    return str(tmp_path / "points.npz")


@pytest.fixture
def small(points):
    few = ["--hidden", "8,6", "--k", "2", "--epochs", "2", "--batch", "7"]
    return ["train", "--data", points, "--select", "topk", *few]
