"""Packed layers compute what dense ones with zeros in the other columns compute, forward and backward."""

import numpy as np
import pytest
from helpers import close, clusters, full_gradient, refused

import minimalbp as mbp
from minimalbp.measure import Meter
from minimalbp.network.compact import compact, hidden_layers

SELECT = {
    "dense": mbp.Dense(),
    "topk": mbp.TopK(3),
    "batch": mbp.TopK(3, over="batch"),
    "unified": mbp.UnifiedTopK(3),
    "random": mbp.RandomK(3),
    "systematic": mbp.Systematic(3),
    "positions": mbp.Positions(2),
    "channels": mbp.Channels(2),
}
VECTORS = [name for name in SELECT if name not in ("positions", "channels")]


def convolutions(select, rows, bias=True, **options):
    """A packed convolution, and the dense one with zeros in the other columns."""
    both = {"select": SELECT[select], "bias_rows": rows, "bias": bias}
    columns = [0, 5, 7, 11, 13, 21, 26]
    packed = mbp.PackedConv2d(3, 5, 3, columns, (2, 1), (1, 2), **both)
    dense = mbp.Conv2d(3, 5, 3, (2, 1), (1, 2), **both)
    return packed, dense, columns, (4, 3, 6, 5)


def linears(select, rows, bias=True, **options):
    both = {"select": SELECT[select], "bias_rows": rows, "bias": bias}
    columns = [1, 2, 6, 9]
    return mbp.PackedLinear(10, 8, columns, **both), mbp.Linear(10, 8, **both), columns, (4, 10)


def passes(layer, dense, x, dy, **options):
    """Outputs and gradients of the packed and of the dense layer, alone in a network, with equal weights."""
    nets = [mbp.Sequential(la, rng=4, **options) for la in (layer, dense)]
    for p in nets[0].parameters():
        p.value[...] = np.random.default_rng(1).normal(size=p.value.shape)
    dense.weight.value[...] = layer.unpacked()
    if dense.bias is not None:
        dense.bias.value[...] = layer.bias.value
    found = []
    for net in nets:
        y = net.forward(net.prepare(x)).copy()
        dx = net.backward(net.be.put(np.resize(dy, y.shape), net.dtype)).copy()
        found.append((y, dx, [full_gradient(p).copy() for p in net.parameters()]))
    return found


@pytest.mark.parametrize("rows", ["all", "chosen"])
@pytest.mark.parametrize(
    "make, select", [(convolutions, s) for s in SELECT] + [(linears, s) for s in VECTORS]
)  # fmt: skip
def test_a_packed_layer_is_a_dense_one_with_zeros(make, select, rows, backend, dtype, rng):
    packed, dense, columns, shape = make(select, rows)
    x, dy = rng.normal(size=shape), rng.normal(size=997)
    mine, theirs = passes(packed, dense, x, dy, backend=backend, dtype=dtype)
    close(mine[0], theirs[0], dtype)
    close(mine[1], theirs[1], dtype)
    of_w = theirs[2][0].reshape(len(theirs[2][0]), -1)
    close(mine[2][0], of_w[:, packed.columns.value], dtype)
    close(mine[2][1], theirs[2][1], dtype)
    assert sorted(packed.columns.value) == columns
    hits = np.zeros((2, 1, dense.units), np.int64)
    assert packed.count(hits[0]) == dense.count(hits[1])
    np.testing.assert_array_equal(hits[0], hits[1])
    close(packed.norms(), dense.norms(), dtype)


@pytest.mark.parametrize("make", [convolutions, linears])
def test_the_first_weights_are_those_of_the_dense_layer(make, backend):
    packed, dense, _, _ = make("dense", "all", bias=False)
    for layer in (packed, dense):
        mbp.Sequential(layer, rng=3, backend=backend)
    kept = packed.unpacked() != 0
    np.testing.assert_array_equal(packed.unpacked()[kept], dense.weight.value[kept])
    assert kept.any() and not kept.all()


@pytest.mark.parametrize("select", ["dense", "topk"])
def test_layers_without_any_column(select, backend, dtype, rng):
    for layer, shape in [
        (mbp.PackedConv2d(2, 3, 3, 0, padding=1, select=SELECT[select]), (2, 2, 4, 4)),
        (mbp.PackedLinear(4, 3, 0, select=SELECT[select]), (2, 4)),
    ]:
        net = mbp.Sequential(layer, backend=backend, dtype=dtype)
        layer.bias.value[...] = [1, 2, 3]
        y = net.forward(net.prepare(rng.normal(size=shape)))
        np.testing.assert_array_equal(
            np.moveaxis(y, 1, -1).reshape(-1, 3), np.tile([1, 2, 3], (y.size // 3, 1))
        )
        dx = net.backward(np.ones_like(y))
        assert dx.shape == shape and not dx.any()
        optimizer = mbp.Adam(net.parameters(), rows="chosen")
        optimizer.step()


def small_net(backend, select=None, **options):
    return mbp.Sequential(
        mbp.PackedConv2d(2, 5, 3, [1, 4, 10, 13, 17], padding=1, select=select),
        mbp.ReLU(),
        mbp.PackedConv2d(5, 4, 3, range(2, 45, 4), padding=1, select=select),
        mbp.BatchNorm2d(4),
        mbp.ReLU(),
        mbp.MaxPool2d(2),
        mbp.Flatten(),
        mbp.PackedLinear(24, 6, range(0, 24, 2), select=select),
        mbp.ReLU(),
        mbp.Linear(6, 3),
        backend=backend,
        **options,
    )


@pytest.mark.parametrize("select", [None, mbp.TopK(4)])
def test_units_leave_packed_layers(select, backend, rng):
    net, masked = (small_net(backend, select, dtype="float64", rng=1) for _ in range(2))
    x = rng.normal(size=(3, 2, 4, 6))
    for gone, reads in [([0, 3], 2), ([2], 7), ([1, 4], 9)]:
        reader = masked.children[reads]
        size = masked.children[reads].weight.value.shape[1]
        columns = np.arange(size) if reads == 9 else reader.columns.value
        taps = {2: 9, 7: 6, 9: 1}[reads]
        reader.weight.value[:, np.isin(columns // taps, gone)] = 0
    kept = [np.array([[1, 2, 4]]), np.array([[0, 1, 3]]), np.array([[0, 2, 3, 5]])]
    optimizer = mbp.Adam(net.parameters())
    compact(net, optimizer, list(zip(hidden_layers(net), kept)))
    assert [la.describe().get("columns") for la in net.children] == [5, None, 7, *[None] * 4, 9, None, None]
    assert net.children[2].in_channels == 3 and net.children[7].n_in == 18
    close(net(x), masked(x), "float64")
    assert {p.value.dtype.name for p in net.statistics()} == {"int32", "int64", "float64"}
    labels, loss = np.array([0, 1, 2]), mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype)
    loss.forward(net.forward(net.prepare(x)), labels)
    net.backward(loss.backward(), need_dx=False)
    optimizer.step()


def test_cuts_that_nobody_makes_change_nothing(backend, rng):
    net, x = small_net(backend), rng.normal(size=(1, 2, 4, 6))
    before = net(x)
    list(net.children[2].input_cuts(np.array([0, 1])))
    for layer in net.layers():
        layer.resize()
    np.testing.assert_array_equal(net(x), before)


def test_files_hold_the_columns(backend, rng, tmp_path):
    net, x = small_net(backend), rng.normal(size=(2, 2, 4, 6))
    mbp.save(net, tmp_path / "w.safetensors")
    other = mbp.Sequential(
        mbp.PackedConv2d(2, 5, 3, 5, padding=1), mbp.ReLU(), mbp.PackedConv2d(5, 4, 3, 11, padding=1),
        mbp.BatchNorm2d(4), mbp.ReLU(), mbp.MaxPool2d(2), mbp.Flatten(), mbp.PackedLinear(24, 6, 12), mbp.ReLU(),
        mbp.Linear(6, 3), backend=backend, rng=5,
    )  # fmt: skip
    mbp.load(other, tmp_path / "w.safetensors")
    np.testing.assert_array_equal(other(x), net(x))
    close(mbp.Frozen(net)(x[:1]), net(x[:1]), "float32")


@pytest.mark.parametrize("select", [None, mbp.TopK(4)])
def test_training_goes_on_from_a_checkpoint(select, tmp_path, backend):
    data = clusters(n_in=8)

    def train(epochs, resume=False):
        net = mbp.Sequential(
            mbp.PackedLinear(8, 7, [0, 2, 3, 6], select=select), mbp.ReLU(), mbp.Linear(7, 3), backend=backend
        )
        path = tmp_path / "checkpoint.npz"
        adam = mbp.Adam(net.parameters(), lr=0.01)
        mbp.fit(net, data, adam, epochs=epochs, batch_size=8, checkpoint=path, resume=resume)
        return net

    whole = train(3)
    (tmp_path / "checkpoint.npz").unlink()
    train(2)
    resumed = train(3, resume=True)
    for a, b in zip(whole.parameters(), resumed.parameters()):
        np.testing.assert_array_equal(a.value, b.value)


def test_a_meter_counts_what_is_left(backend, rng):
    net = mbp.Sequential(
        mbp.PackedConv2d(2, 3, 3, 5, padding=1), mbp.Flatten(), mbp.PackedLinear(48, 4, 7), backend=backend
    )
    loss, meter = mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype), Meter()
    sgd = mbp.SGD(net.parameters(), lr=0.1)
    with meter.attached(net, loss, sgd):
        meter.start()
        logits = net.forward(net.prepare(rng.normal(size=(2, 2, 4, 4))))
        meter.mark("forward")
        loss.forward(logits, np.array([0, 1]))
        net.backward(loss.backward(), need_dx=False)
        meter.mark("backward")
        meter.mark("update")
    products = 2 * 16 * 3 * 5 + 2 * 7 * 4
    assert products <= meter.ops["forward"] < products + 500
    assert meter.ops["dw"] >= products


def test_columns_that_cannot_be_are_refused(backend):
    refused(lambda: mbp.PackedConv2d(2, 3, 3, 19), "columns must be at most 18", "not 19")
    refused(lambda: mbp.PackedConv2d(2, 3, 3, [0, 18]), "different numbers of 0..17")
    refused(lambda: mbp.PackedLinear(4, 3, [1, 1]), "different numbers of 0..3")
    refused(lambda: mbp.PackedLinear(4, 3, [-1]), "different numbers of 0..3")
    refused(lambda: mbp.PackedLinear(4, 3, [0.5]), "a list of whole numbers")
    refused(lambda: mbp.PackedLinear(4, 3, -1), "columns must be at least 0")
    net = small_net(backend)
    for index, wrong in [(0, 18), (0, 0), (7, 24), (7, -1)]:
        layer = net.children[index]
        before = layer.columns.value.copy()
        layer.columns.value[-1] = wrong
        refused(
            lambda: net(np.zeros((1, 2, 4, 6))), f"layer {index}", "columns that are not", "load the weights"
        )
        layer.columns.value[...] = before
