"""SparseConv2d is the Conv2d whose other weights are zero and stay so."""

import numpy as np
import pytest
from helpers import CLOSE, close, full_gradient, in_pieces, refused
from maps import any_strides, gradient_error

import minimalbp as mbp
from minimalbp.measure import Meter
from minimalbp.topology import Bipartite, bernoulli, draw_inputs, radix_net, regular

RNG = np.random.default_rng(5)
GRAPHS = {
    "one edge": Bipartite.from_mask([[1]]),
    "random": draw_inputs(6, 5, 2, RNG),
    "uneven, with dead ends": Bipartite.from_mask(np.pad(bernoulli(7, 6, 0.4, RNG).mask(), ((1, 1), (0, 2)))),
    "blocks": radix_net([[2, 2]], [2, 5, 1])[0],
}
# batch, height, width, kernel, stride, padding
SIZES = [
    (2, 6, 5, 3, 1, 1),
    (1, 1, 1, 1, 1, 0),
    (3, 7, 9, (3, 2), (2, 3), (2, 0)),
    (2, 5, 5, 1, 4, 0),
    (5, 4, 4, 3, 1, 3),
]
SELECTORS = {
    "dense": mbp.Dense(),
    "sample": mbp.TopK(ratio=0.3),
    "few": mbp.TopK(1),
    "batch": mbp.TopK(ratio=0.3, over="batch"),
    "unified": mbp.UnifiedTopK(ratio=0.3),
    "random scaled": mbp.RandomK(ratio=0.3, scaled=True),
    "systematic": mbp.Systematic(ratio=0.2),
    "threshold": mbp.Threshold(ratio=0.2),
    "signs": mbp.Signs(2),
    "bottom": mbp.BottomK(ratio=0.3),
    "positions": mbp.Positions(ratio=0.3),
    "channels": mbp.Channels(ratio=0.5),
}


def pair(graph, size, backend, dtype="float64", **options):
    """A sparse layer, the dense one with the same weights, and the gradient of the dense one's edges."""
    _, _, _, kernel, stride, padding = size
    window = {"kernel_size": kernel, "stride": stride, "padding": padding}
    sparse = mbp.SparseConv2d(graph, **window, **options)
    dense = mbp.Conv2d(graph.n_in, graph.n_out, **window, **options)
    for layer in (sparse, dense):
        mbp.Sequential(layer, rng=1, backend=backend, dtype=dtype)
    dense.weight.value[...] = sparse.unpacked()
    if sparse.bias is not None:
        sparse.bias.value[...] = dense.bias.value[...] = np.arange(graph.n_out) / 7
    return sparse, dense


def maps_of(size, channels, rng):
    return rng.normal(size=(size[0], channels, *size[1:3]))


def of_edges(layer, graph):
    return full_gradient(layer.weight)[graph.target, graph.source]


MAIN = (SIZES[0], SIZES[2]), ("uneven, with dead ends", "blocks")
CASES = [
    (name, size, select)
    for name in GRAPHS for size in SIZES for select in SELECTORS
    if select in ("dense", "few") or (size in MAIN[0] and name in MAIN[1])
]  # fmt: skip


@pytest.mark.parametrize("name, size, select", CASES, ids=str)
def test_both_passes_are_those_of_the_dense_layer(backend, name, size, select):
    graph, rng = GRAPHS[name], np.random.default_rng(2)
    bias_rows = "chosen" if size[0] > 1 else "all"
    sparse, dense = pair(graph, size, backend, select=SELECTORS[select], bias_rows=bias_rows)
    for _ in range(2):  # the second time in the same memory
        x = maps_of(size, graph.n_in, rng)
        y = dense.forward(x)
        close(sparse.forward(x), y, "float64")
        dy = rng.normal(size=y.shape)
        dy[:, graph.n_out // 2] = 0
        close(sparse.backward(dy), dense.backward(dy), "float64")
        close(full_gradient(sparse.weight), of_edges(dense, graph), "float64")
        close(full_gradient(sparse.bias), full_gradient(dense.bias), "float64")
        hits = np.zeros((2, 1, graph.n_out), np.int64)
        assert sparse.count(hits[0]) == dense.count(hits[1])
        np.testing.assert_array_equal(*hits)
    close(sparse.norms(), dense.norms(), "float64")
    assert sparse.density() == dense.density() and sparse.positions == dense.positions
    if sparse.weight.grad.rows is not None:  # of chosen filters only
        there = np.unique(graph.target[sparse.weight.grad.rows])
        chosen = np.flatnonzero(hits[0, 0]) if select != "channels" else sparse.last_choice.which
        assert set(there) == set(graph.target) & set(chosen)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_equals_pytorchs(size, backend, dtype, rng):
    torch = pytest.importorskip("torch")
    _, _, _, kernel, stride, padding = size
    graph = GRAPHS["uneven, with dead ends"]
    layer, _ = pair(graph, size, backend, dtype)
    more = {"stride": stride, "padding": padding, "dtype": getattr(torch, dtype)}
    peer = torch.nn.Conv2d(graph.n_in, graph.n_out, kernel, **more)
    peer.load_state_dict({"weight": torch.tensor(layer.unpacked()), "bias": torch.tensor(layer.bias.value)})
    x = maps_of(size, graph.n_in, rng).astype(dtype)
    inputs = torch.tensor(x, requires_grad=True)
    y = peer(inputs)
    close(layer.forward(x), y.detach().numpy(), dtype)
    dy = rng.normal(size=tuple(y.shape)).astype(dtype)
    y.backward(torch.tensor(dy))
    close(layer.backward(dy), inputs.grad.numpy(), dtype)
    close(full_gradient(layer.weight), peer.weight.grad.numpy()[graph.target, graph.source], dtype)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", GRAPHS)
def test_the_gradient_is_that_of_finite_differences(name, size, backend, rng):
    graph = GRAPHS[name]
    first = mbp.SparseConv2d(graph, kernel_size=size[3], stride=size[4], padding=size[5])
    layers = first, mbp.Tanh(), mbp.SparseConv2d(regular(graph.n_out, 2, 1, RNG), kernel_size=1, bias=False)
    assert gradient_error(layers, maps_of(size, graph.n_in, rng), backend, rng) < 1e-8


def test_any_order_in_memory_and_any_batch_will_do(backend, rng):
    """Memory of a longer batch, and of pictures of another size, leaves nothing in that of a shorter one."""
    graph, size = GRAPHS["blocks"], SIZES[0]
    sparse, dense = pair(graph, size, backend)
    whole = rng.normal(size=(70, graph.n_in, 6, 5))
    for x in (whole, *any_strides(whole[:9]), whole[:67], whole[:3, :, :4], whole[:1], whole):
        y = dense.forward(x)
        close(sparse.forward(x), y, "float64")
        dy = rng.normal(size=y.shape)
        close(sparse.backward(dy), dense.backward(dy), "float64")
        close(sparse.weight.grad.values, of_edges(dense, graph), "float64")
    assert sparse.backward(dy, need_dx=False) is None


def test_initial_weights_follow_the_true_fans(backend):
    full = Bipartite.from_mask(np.ones((7, 5)))
    for init in ("he", "glorot_uniform", "glorot_normal", "meprop_wide"):
        sparse = mbp.SparseConv2d(full, kernel_size=(3, 2), init=init)
        dense = mbp.Conv2d(5, 7, (3, 2), init=init)
        for layer in (sparse, dense):
            mbp.Sequential(layer, rng=1, backend=backend, dtype="float64")
        close(sparse.unpacked(), dense.weight.value, "float64")
    uneven = Bipartite.from_mask(np.arange(40)[None] < np.array([[40], [4]]).repeat(60, axis=0))
    layer = mbp.SparseConv2d(uneven, kernel_size=3)
    w = mbp.Sequential(layer, backend=backend).children[0].unpacked()
    np.testing.assert_allclose(w[:60].std(), np.sqrt(2 / 360), rtol=0.05)
    np.testing.assert_allclose(w[60:, :4].std(), np.sqrt(2 / 36), rtol=0.05)


@pytest.mark.parametrize("rows", ["all", "chosen"])
@pytest.mark.parametrize("make", [mbp.SGD, mbp.AdaGrad, mbp.Adam], ids=lambda c: c.__name__)
def test_optimisers_move_edges_as_the_dense_layers(backend, make, rows):
    graph, rng = GRAPHS["uneven, with dead ends"], np.random.default_rng(7)
    layers = pair(graph, SIZES[0], backend, select=mbp.TopK(2))
    optimizers = [make(layer.parameters(), lr=0.1, rows=rows) for layer in layers]
    for _ in range(4):
        x = maps_of(SIZES[0], graph.n_in, rng)
        dy = rng.normal(size=layers[1].forward(x).shape)
        dy[:, : graph.n_out // 2] = 0
        for layer, optimizer in zip(layers, optimizers):
            layer.forward(x)
            layer.backward(dy, need_dx=False)
            optimizer.step()
        close(layers[0].weight.value, layers[1].weight.value[graph.target, graph.source], "float64")
    assert optimizers[0].state["0.weight"].keys() == optimizers[1].state["0.weight"].keys()


def test_more_pieces_give_the_same(dtype, rng):
    graph = radix_net([[4, 4]], [2, 3, 1])[0]
    x, results = rng.normal(size=(11, graph.n_in, 6, 6)).astype(dtype), []
    dy = rng.normal(size=(11, graph.n_out, 6, 6)).astype(dtype)
    for pieces in (1, 3):
        layer = mbp.SparseConv2d(graph, kernel_size=3, padding=1)
        mbp.Sequential(layer, rng=1, dtype=dtype)
        with in_pieces(pieces):
            results.append((layer.forward(x).copy(), layer.backward(dy).copy(), layer.weight.grad.values))
    for one, other in zip(*results):
        np.testing.assert_allclose(one, other, rtol=CLOSE[dtype], atol=20 * CLOSE[dtype])


def test_a_meter_counts_edges_taps_and_positions(backend, rng):
    graph = GRAPHS["uneven, with dead ends"]
    net = mbp.Sequential(
        mbp.SparseConv2d(graph, kernel_size=3, padding=1),
        mbp.Flatten(),
        mbp.Linear(8 * 16, 2),
        backend=backend,
    )
    loss, meter, sgd = mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype), Meter(), None
    sgd = mbp.SGD(net.parameters(), lr=0.1)
    with meter.attached(net, loss, sgd):
        meter.start()
        logits = net.forward(net.prepare(rng.normal(size=(2, graph.n_in, 4, 4))))
        meter.mark("forward")
        loss.forward(logits, np.array([0, 1]))
        net.backward(loss.backward(), need_dx=True)
        meter.mark("backward")
        meter.mark("update")
    work = 2 * 16 * 9 * graph.n_edges
    for phase in ("forward", "dw", "dx"):
        assert work <= meter.ops[phase] < work + 2 * 8 * 16 * 6, phase


def test_a_step_uses_the_same_memory_again(backend):
    for select in (None, mbp.TopK(5), mbp.Channels(2)):
        layer = pair(GRAPHS["blocks"], SIZES[0], backend, select=select)[0]
        places = []
        for _ in range(2):
            y = layer.forward(np.ones((2, 8, 6, 5)))
            dx = layer.backward(np.ones_like(y))
            arrays = y, dx, layer.weight.grad.values, layer.last_xq
            places.append([a.__array_interface__["data"] for a in arrays])
        assert places[0] == places[1]


def test_what_does_not_fit_is_refused(backend):
    mask = np.ones((2, 3))
    graph = Bipartite.from_mask(mask)
    refused(lambda: mbp.SparseConv2d(mask, kernel_size=3), "edges must be a Bipartite", "from_mask")
    refused(lambda: mbp.SparseConv2d(7, 3, 2, kernel_size=3), "edges must be at most 6", "not 7")
    refused(lambda: mbp.SparseConv2d(7, kernel_size=3), "in_channels")
    refused(lambda: mbp.SparseConv2d(graph, 4, kernel_size=3), "3 -> 2, not 4", "leave in_channels")
    refused(lambda: mbp.SparseConv2d(graph, kernel_size=0), "kernel_size", "0")
    refused(lambda: mbp.SparseConv2d(graph, kernel_size=3, padding=-1), "padding", "-1")
    refused(lambda: mbp.SparseConv2d(graph, kernel_size=3, stride=0), "stride", "0")
    refused(lambda: mbp.SparseConv2d(graph, kernel_size=3, select="topk"), "selector")
    refused(lambda: mbp.SparseConv2d(graph, kernel_size=3, init="hee"), "hee", "he")
    refused(lambda: mbp.SparseConv2d(graph, kernel_size=3, bias_rows="some"), "bias_rows")
    net = mbp.Sequential(mbp.SparseConv2d(graph, kernel_size=5), backend=backend)
    refused(
        lambda: net.forward(np.ones((2, 4, 6, 6))), "layer 0", "(batch, 3, height, width)", "(2, 4, 6, 6)"
    )
    refused(lambda: net.forward(np.ones((2, 3, 4, 6))), "5 x 5", "4 x 6", "padding")
    net.forward(np.ones((2, 3, 6, 6), "float32"))
    refused(lambda: net[0].backward(np.ones((2, 2, 6, 6))), "layer 0", "(2, 2, 2, 2)", "(2, 2, 6, 6)")


def test_k_beyond_the_entries_is_noted():
    layer = pair(GRAPHS["random"], SIZES[0], "reference", select=mbp.TopK(1000))[0]
    assert layer.note() is None  # before a batch nobody knows how many entries there are
    layer.forward(np.ones((2, 6, 6, 5)))
    assert "k = 1000" in layer.note() and "all 150" in layer.note()
