"""After the first steps a training step allocates nothing that stays, and no array on the way."""

import gc
import tracemalloc

import numba
import numpy as np
import pytest

import minimalbp as mbp
from minimalbp import topology
from minimalbp.train.step import train_step

STEPS = 100
pytestmark = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT),
    reason="without the JIT the kernels are Python, which makes numbers as it goes",
)
OPTIMIZERS = {
    "sgd": lambda p: mbp.SGD(p, momentum=0.9, clip_norm=5),
    "adagrad chosen": lambda p: mbp.AdaGrad(p, rows="chosen"),
    "adam": lambda p: mbp.Adam(p),
}
SELECTORS = [
    mbp.Dense(), mbp.TopK(5), mbp.UnifiedTopK(5), mbp.RandomK(5, scaled=True), mbp.Systematic(5),
    mbp.Threshold(5, over="batch"), mbp.Signs(5), mbp.TopK(5, over="batch"), mbp.BottomK(5),
]  # fmt: skip


def no_mark(phase):
    """For a step that nobody measures."""


@pytest.mark.parametrize(
    "select, optimizer",
    [
        *((select, "adagrad chosen") for select in SELECTORS[:3]),
        *(pytest.param(select, "adagrad chosen", marks=pytest.mark.slow) for select in SELECTORS[3:]),
        (SELECTORS[0], "sgd"),
        (SELECTORS[1], "adam"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_step_allocates_nothing(select, optimizer):
    x = np.random.default_rng(0).normal(size=(10, 60)).astype(np.float32)
    layers = [
        mbp.Linear(60, 64, select=select, bias_rows="chosen", center="dw"), mbp.ReLU(), mbp.Dropout(0.1),
        mbp.Residual(mbp.Linear(64, 64, select=select, center="forward"), mbp.Tanh()), mbp.Linear(64, 3),
    ]  # fmt: skip
    growth, peak = allocated(layers, OPTIMIZERS[optimizer], x)
    assert growth < STEPS * 8
    assert (
        peak < layers[0].weight.value.nbytes
    )  # no array on the way either, but for a panel of W in a kernel


@pytest.mark.parametrize("select", [mbp.Dense(), mbp.TopK(4), mbp.TopK(1), mbp.UnifiedTopK(8)], ids=str)
@pytest.mark.parametrize("batch", [pytest.param(3, marks=pytest.mark.slow), 100])
def test_a_step_of_sparse_layers_allocates_nothing(batch, select):
    net = topology.radix_net([[8, 8], [8]], [4, 4, 4, 4])
    layers = [one for graph in net for one in (mbp.SparseLinear(graph, select=select), mbp.ReLU())]
    x = np.random.default_rng(0).normal(size=(batch, 256)).astype(np.float32)
    growth, peak = allocated(layers, OPTIMIZERS["adagrad chosen"], x)
    assert growth < STEPS * 8
    assert peak < layers[0].weight.value.nbytes / 2


def test_a_step_with_feature_maps_allocates_nothing():
    layers = [
        mbp.BatchNorm2d(8), mbp.MaxPool2d(3, stride=2, padding=1), mbp.LocalResponseNorm(3, over="window"),
        mbp.Residual(mbp.AvgPool2d(2), mbp.ReLU(), project=mbp.MaxPool2d(2)), mbp.Flatten(), mbp.BatchNorm1d(72),
        mbp.Linear(72, 3),
    ]  # fmt: skip
    x = np.random.default_rng(0).normal(size=(160, 8, 12, 12)).astype(np.float32)
    growth, peak = allocated(layers, OPTIMIZERS["adam"], x)
    assert growth < STEPS * 8
    assert peak < 160 * 72 * 4  # the smallest map of the batch; views of arrays take some kilobytes


@pytest.mark.parametrize(
    "select", [mbp.Dense(), mbp.TopK(ratio=0.1), mbp.Positions(ratio=0.1)], ids=lambda s: s.name
)
def test_a_step_of_convolutions_allocates_nothing(select):
    layers = [
        mbp.Conv2d(1, 4, 3, padding=1, select=select, center="dw"), mbp.ReLU(), mbp.MaxPool2d(2),
        mbp.Conv2d(4, 4, 3, padding=1, select=select), mbp.ReLU(), mbp.Flatten(), mbp.Linear(144, 3),
    ]  # fmt: skip
    x = np.random.default_rng(0).normal(size=(160, 1, 12, 12)).astype(np.float32)
    growth, peak = allocated(layers, OPTIMIZERS["adam"], x)
    assert growth < STEPS * 8
    assert peak < x.nbytes  # of no map; panels of W, dW of each thread and places of windows are smaller


@pytest.mark.parametrize("select", [mbp.Dense(), mbp.TopK(ratio=0.1), mbp.Channels(3)], ids=lambda s: s.name)
def test_a_step_of_convolutions_on_graphs_allocates_nothing(select):
    net = topology.radix_net([[2, 2]], [1, 2, 4])
    layers = [
        mbp.SparseConv2d(net[0], kernel_size=3, padding=1, select=select), mbp.ReLU(), mbp.MaxPool2d(2),
        mbp.SparseConv2d(net[1], kernel_size=3, stride=2, padding=1, select=select), mbp.ReLU(), mbp.Flatten(),
        mbp.Linear(144, 3),
    ]  # fmt: skip
    x = np.random.default_rng(0).normal(size=(160, 4, 12, 12)).astype(np.float32)
    growth, peak = allocated(layers, OPTIMIZERS["adam"], x)
    assert growth < STEPS * 8
    assert peak < x.nbytes / 4  # of no map; places of edges and rows of dW are smaller


def allocated(layers, optimizer, x):
    """(bytes more after STEPS steps than before, bytes more at the worst moment between)."""
    net = mbp.Sequential(*layers, backend="cpu")
    loss, step = mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype), optimizer(net.parameters())
    labels = np.random.default_rng(1).integers(0, 3, len(x)).astype(np.int32)

    def grown():
        gc.collect()
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(STEPS):
            train_step(net, loss, step, x, labels, no_mark)
        gc.collect()
        after, peak = tracemalloc.get_traced_memory()
        return after - before, peak - before

    with net.be.threads(1):
        for _ in range(5):
            train_step(net, loss, step, x, labels, no_mark)
        tracemalloc.start()
        try:
            for _ in range(12):  # a leak shows every time, a cache of NumPy or Python filling up only in some
                growth, peak = grown()
                if growth < STEPS * 8:  # not one object a step
                    break
        finally:
            tracemalloc.stop()
    return growth, peak
