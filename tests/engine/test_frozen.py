"""A frozen network answers as the network does, whatever its layers, and its kernel as the layers one by one."""

import naive
import numpy as np
import pytest
from helpers import close, refused, small_integers, unwritten

import minimalbp as mbp
from minimalbp.backend import get_backend
from minimalbp.network.frozen import FEW

NETWORKS = {
    "mlp": lambda: [mbp.Linear(7, 6), mbp.ReLU(), mbp.Linear(6, 9), mbp.ReLU(), mbp.Linear(9, 3)],
    "one layer": lambda: [mbp.Linear(7, 3)],
    "cube, no bias": lambda: [mbp.Linear(7, 5, bias=False), mbp.Cube(), mbp.Dropout(0.5), mbp.Linear(5, 1)],
    "ends in a function": lambda: [mbp.Linear(7, 5), mbp.Dropout(0.5), mbp.ReLU()],
    "two functions": lambda: [mbp.Linear(7, 5), mbp.Cube(), mbp.ReLU(), mbp.Linear(5, 4), mbp.Linear(4, 2)],
    "only the end": lambda: [mbp.Residual(mbp.Linear(7, 7), mbp.Tanh()), mbp.ReLU(), mbp.Linear(7, 4)],
    "nothing": lambda: [mbp.Linear(7, 5), mbp.Tanh()],
    "centred": lambda: [mbp.Linear(7, 5, center="forward"), mbp.ReLU(), mbp.Linear(5, 4, center="dw"),
                        mbp.Linear(4, 3, center="forward", bias=False)],
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("batch", [1, 2, 7, FEW, FEW + 1])
def test_answers_are_those_of_the_network(name, batch, backend, dtype, rng):
    net = mbp.Sequential(*NETWORKS[name](), backend=backend, dtype=dtype, rng=1)
    net.forward(net.prepare(1 + rng.normal(size=(5, 7))))  # running means move
    frozen = mbp.Frozen(net)
    for _ in range(2):
        x = rng.normal(size=(batch, 7))
        close(frozen(x), net(x), dtype)


def test_only_few_examples_take_the_quick_way(backend):
    for batch, quick in ((1, True), (FEW, True), (FEW + 1, False)):
        net = mbp.mlp([7, 5, 3], backend=backend)
        mbp.Frozen(net)(np.ones((batch, 7)))
        assert hasattr(net.linears()[0], "last_x") is not quick  # which a layer's own forward pass sets


def test_weights_are_those_of_the_moment_it_was_made(backend):
    net, x = mbp.mlp([7, 5, 3], backend=backend), np.ones((2, 7))
    frozen, before = mbp.Frozen(net), net(x)
    for p in net.parameters():
        p.value[...] = 1
    np.testing.assert_allclose(frozen(x), before, rtol=1e-5)
    np.testing.assert_allclose(mbp.Frozen(net)(x), net(x), rtol=1e-5)
    assert not np.allclose(before, net(x))


def test_a_bias_takes_up_the_running_mean(backend, rng):
    """Forward centring costs a frozen network nothing; centred dW is no part of a forward pass."""
    for center in ("dw", "forward"):
        layer = mbp.Linear(7, 3, center=center)
        net = mbp.Sequential(layer, backend=backend, dtype="float64")
        layer.bias.value[:] = rng.normal(size=3)
        layer.mean.value[:] = rng.normal(size=7)
        w, b = layer.weight_and_bias()
        assert w is layer.weight.value
        moved = layer.weight.value @ layer.mean.value if center == "forward" else 0
        np.testing.assert_allclose(b, layer.bias.value - moved, rtol=1e-12)
        x = rng.normal(size=(2, 7))
        np.testing.assert_allclose(net(x), x @ w.T + b, rtol=1e-12)


def tagger(size, **options):
    layers = [
        mbp.Embedding([(9, 4, 2), (5, 3)], scale=1),
        mbp.Dropout(0.5),
        mbp.LSTM(11, size, center="forward"),
        mbp.Dropout(0.5),
    ]
    return mbp.Sequential(*layers, mbp.Linear(size, 3), rng=1, **options)


@pytest.mark.parametrize("lengths", [[1], [4], [3, 1, 2], [FEW, 3]], ids=str)
def test_a_tagger_answers_as_its_network(lengths, backend, dtype, rng):
    net, x = tagger(5, backend=backend, dtype=dtype), rng.integers(0, 5, (sum(lengths), 3))
    net.children[2].mean.value[:] = rng.normal(size=11)
    frozen = mbp.Frozen(net)
    close(frozen(x, lengths), net(x, lengths), dtype)
    refused(lambda: frozen(x, [*lengths, 3]), f"{sum(lengths)} rows")


def test_limits_are_those_of_the_kernels():
    assert get_backend("cpu").linear.SMALL_BATCH == FEW


@pytest.mark.parametrize("batch", [1, 3, FEW, FEW + 1])
def test_ids_are_looked_up_by_the_network(batch, backend, dtype, rng):
    layers = [mbp.Embedding([(9, 4, 2), (5, 3)], scale=1), mbp.Dropout(0.5), mbp.Linear(11, 6), mbp.Cube(),
              mbp.Linear(6, 3)]  # fmt: skip
    net = mbp.Sequential(*layers, backend=backend, dtype=dtype, rng=1)
    frozen = mbp.Frozen(net)
    for _ in range(2):
        x = rng.integers(0, 5, (batch, 3))
        close(frozen(x), net(x), dtype)
    for bad, said in ((-1, "id -1 in row 0, column 2 is outside 0..4"), (9, "id 9 in row 0, column 2")):
        x[0, 2] = bad
        refused(lambda x=x: frozen.forward(x.astype(np.int32)), said)
    refused(lambda: frozen.forward(x.astype(np.int32)[:, :2]), "3", "2")


def test_it_refuses_what_the_network_refuses(backend):
    net = mbp.mlp([7, 5, 3], backend=backend)
    refused(lambda: mbp.Frozen(net)(np.ones((2, 6))), "7 inputs")
    refused(lambda: mbp.Frozen(net).forward(np.ones((2, 6), np.float32)), "(batch, 7)", "(2, 6)")
    refused(lambda: mbp.Frozen(net).forward(np.ones((2, 1, 7), np.float32)), "(batch, 7)", "(2, 1, 7)")


@pytest.mark.parametrize("functions", [(0,), (1,), (2,), (1, 0), (2, 1), (1, 1, 2, 0)], ids=str)
@pytest.mark.parametrize("batch", [1, 4, 5, 6])
def test_the_kernel_is_the_layers_one_by_one(functions, batch, be, dtype, rng):
    widths = [3, 5, 1, 4, 6][: len(functions) + 1]
    x = small_integers(rng, (batch, widths[0]), dtype)
    wanted, weights, layers = x.tolist(), [], []
    for n_in, n_out, f in zip(widths, widths[1:], functions):
        w, b = small_integers(rng, (n_out, n_in), dtype) // 2, small_integers(rng, n_out, dtype)
        wanted = naive.forward(wanted, w.tolist(), b.tolist())
        wanted = [[(v, max(v, 0), v**3)[f] for v in row] for row in wanted]
        weights += [w.ravel(), b]
        layers.append((n_in, n_out, f))
    y, work = unwritten((batch, widths[-1]), dtype), unwritten((2, batch * max(widths[1:])), dtype)
    be.linear.chain(y, x, np.concatenate(weights), np.array(layers, np.int32), work)
    np.testing.assert_allclose(y, wanted, rtol=1e-6 if dtype == "float32" else 0)


def test_nan_travels_through_the_kernel(be, dtype, quiet):
    y, work, layers = unwritten((1, 1), dtype), unwritten((2, 1), dtype), np.array([(1, 1, 1)], np.int32)
    be.linear.chain(y, np.full((1, 1), np.nan, dtype), np.ones(2, dtype), layers, work)
    assert np.isnan(y).all()


@pytest.mark.parametrize(
    "net, x, lengths, wanted, moved",
    [
        (mbp.mlp, np.ones((2, 7)), None, 2 * (7 * 5 + 5 * 3 + 5), 0),
        (tagger, np.ones((9, 3)), [2, 6, 1], 9 * (11 + 2 * 11 + 11 * 20 + 8 * 5 + 5 * 3) + 6 * 5 * 20,
         9 * (11 + 5)),
    ],
)  # fmt: skip
def test_operations_are_those_of_the_layers(net, x, lengths, wanted, moved, backend):
    net, counted = net([7, 5, 3] if net is mbp.mlp else 5, backend=backend), []
    frozen = mbp.Frozen(net)
    x = net.prepare(x.astype(np.int32) if lengths else x)
    for forward in (
        lambda: net.forward(x, train=False, lengths=lengths),
        lambda: frozen.forward(x, lengths=lengths),
    ):
        meter = mbp.Meter()
        with meter.attached(
            net, mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype), mbp.SGD(net.parameters())
        ):
            meter.start()
            forward()
        counted.append(meter.ops["forward"] + meter.ops["other"])
    # words are put in the order of time steps and back
    assert counted == [wanted + moved, wanted + moved]


@pytest.mark.parametrize("rows", [1, 30])
def test_packed_convolutions_take_the_relu_in(rows, backend, dtype, rng):
    def convolution(n_in, n_out):
        return mbp.PackedConv2d(n_in, n_out, 3, range(0, 9 * n_in, 4), padding=1)

    layers = (
        convolution(2, 5), mbp.Dropout(0.5), mbp.MaxPool2d(3, stride=2, padding=1), mbp.ReLU(), convolution(5, 4),
        mbp.ReLU(), mbp.AvgPool2d(2), mbp.ReLU(), convolution(4, 3), mbp.AvgPool2d(2), mbp.ReLU(),
        mbp.Residual(convolution(3, 3), mbp.ReLU()), mbp.Flatten(), mbp.Linear(3, 2),
    )  # fmt: skip
    net = mbp.Sequential(*layers, backend=backend, dtype=dtype)
    for p in net.parameters():
        p.value += 0.2 * rng.normal(size=p.value.shape)
    x = rng.normal(size=(rows, 2, 9, 8))
    close(mbp.Frozen(net)(x), net(x), dtype)
