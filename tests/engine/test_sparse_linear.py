"""SparseLinear is the dense layer whose other weights are zero and stay so."""

import numpy as np
import pytest
from helpers import CLOSE, assert_same, close, in_pieces, parameters, refused
from safetensors.numpy import load_file, save_file

import minimalbp as mbp
from minimalbp.network.compact import compact, hidden_layers
from minimalbp.topology import Bipartite, Blocks, radix_net, regular
from minimalbp.train.checkpoint import load_checkpoint, save_checkpoint

RNG = np.random.default_rng(5)
GRAPHS = {
    "one edge": Bipartite.from_mask([[1]]),
    "one output": Bipartite.from_mask([[1, 0, 1, 1, 0]]),
    "ragged, with dead ends": Bipartite.from_mask(np.pad(RNG.random((9, 20)) < 0.3, ((1, 2), (0, 3)))),
    "regular": regular(12, 8, 3, RNG),
    "many outputs": regular(6, 60, 2, RNG),  # of which few are chosen: in lists
    "blocks": Bipartite.from_blocks(Blocks(2, 5, 4, (0, 3))),
}
SELECTORS = {
    "dense": mbp.Dense(), "topk": mbp.TopK(3), "few of many": mbp.TopK(1), "unified": mbp.UnifiedTopK(3),
    "unified, many": mbp.UnifiedTopK(ratio=0.8), "random": mbp.RandomK(3, scaled=True), "lists": mbp.Systematic(2),
    "batch": mbp.TopK(2, over="batch"), "signs": mbp.Signs(2),
}  # fmt: skip


def pair(graph, backend, dtype="float64", **options):
    """A sparse layer and the dense one with the same weights, each in a network."""
    sparse, dense = mbp.SparseLinear(graph, **options), mbp.Linear(graph.n_in, graph.n_out, **options)
    nets = [mbp.Sequential(one, rng=1, backend=backend, dtype=dtype) for one in (sparse, dense)]
    dense.weight.value[...] = sparse.unpacked()
    if sparse.bias is not None:
        sparse.bias.value[...] = dense.bias.value[...] = np.arange(graph.n_out) / 7
    return nets, sparse, dense


def edge_gradient(layer):
    """The gradient of each edge, zero for those that have none."""
    grad, w = layer.weight.grad, layer.weight
    full = np.zeros_like(w.value).reshape(-1, w.width)
    full[slice(None) if grad.rows is None else grad.rows] = grad.values.reshape(-1, w.width)
    return full.reshape(-1)


def dense_gradient(layer):
    grad, full = layer.weight.grad, np.zeros_like(layer.weight.value)
    full[slice(None) if grad.rows is None else grad.rows] = grad.values
    return full


@pytest.mark.parametrize("select", SELECTORS)
@pytest.mark.parametrize("batch", [1, 3, 17])
@pytest.mark.parametrize("name", GRAPHS)
def test_both_passes_are_those_of_the_dense_layer(backend, name, batch, select):
    rng = np.random.default_rng(2)
    for bias_rows in ("all", "chosen"):
        both_passes(rng, GRAPHS[name], backend, batch, select=SELECTORS[select], bias_rows=bias_rows)


def both_passes(rng, graph, backend, batch, **options):
    _, sparse, dense = pair(graph, backend, **options)
    x, dy = rng.normal(size=(batch, graph.n_in)), rng.normal(size=(batch, graph.n_out))
    close(sparse.forward(x), dense.forward(x), "float64")
    dx, expected = sparse.backward(dy), dense.backward(dy)
    close(dx, expected, "float64")
    close(sparse.last_picked, dense.last_picked, "float64")
    close(edge_gradient(sparse), dense_gradient(dense)[graph.target, graph.source], "float64")
    for got, other in zip(
        (sparse.bias.grad.rows, sparse.bias.grad.values), (dense.bias.grad.rows, dense.bias.grad.values)
    ):
        np.testing.assert_equal(got is None, other is None)
        if other is not None:
            close(got, other, "float64")
    hits = np.zeros((2, 1, graph.n_out), np.int64)
    assert sparse.count(hits[0]) == dense.count(hits[1])
    np.testing.assert_array_equal(*hits)
    close(sparse.norms(), dense.norms(), "float64")


@pytest.mark.parametrize("batch", [3, 17])
def test_the_gradient_is_that_of_finite_differences(backend, batch):
    graph, rng = GRAPHS["ragged, with dead ends"], np.random.default_rng(4)
    middle = mbp.SparseLinear(regular(12, 6, 4, rng), bias=False)
    net = mbp.Sequential(mbp.SparseLinear(graph), mbp.Tanh(), middle, rng=1, backend=backend, dtype="float64")
    loss = mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype)
    x, labels = rng.normal(size=(batch, graph.n_in)), (np.arange(batch) % 6).astype(np.int32)

    def value():
        return loss.forward(net.forward(x), labels)

    value()
    dx = net.backward(loss.backward(), need_dx=True).copy()
    for array, gradient in [(x, dx), *((p.value, p.grad.values.copy()) for p in net.parameters())]:
        direction = rng.normal(size=array.shape)
        before, step = array.copy(), 1e-5
        ends = []
        for sign in (1, -1):
            array[...] = before + sign * step * direction
            ends.append(value())
        array[...] = before
        np.testing.assert_allclose((ends[0] - ends[1]) / (2 * step), (direction * gradient).sum(), rtol=1e-6)


@pytest.mark.parametrize("rows", ["all", "chosen"])
@pytest.mark.parametrize("make", [mbp.SGD, mbp.AdaGrad, mbp.Adam], ids=lambda c: c.__name__)
@pytest.mark.parametrize("name", ["ragged, with dead ends", "regular"])
def test_optimisers_move_edges_as_the_dense_layers(backend, name, make, rows):
    """With rows="chosen" only the edges of chosen units, their moments too."""
    graph, rng = GRAPHS[name], np.random.default_rng(7)
    nets, sparse, dense = pair(graph, backend, select=mbp.TopK(1))
    optimizers = [make(net.parameters(), lr=0.1, rows=rows) for net in nets]
    for _ in range(4):
        x, dy = rng.normal(size=(3, graph.n_in)), rng.normal(size=(3, graph.n_out))
        dy[:, : graph.n_out // 2] = 0
        before = sparse.weight.value.copy()
        for net, optimizer in zip(nets, optimizers):
            net.forward(x)
            net.backward(dy, need_dx=False)
            optimizer.step()
        close(sparse.weight.value, dense.weight.value[graph.target, graph.source], "float64")
        if rows == "chosen":
            moved = np.unique(graph.target[sparse.weight.value != before])
            assert set(moved) <= set(sparse.last_choice.ravel())
    assert all(a.shape == (graph.n_edges,) for a in optimizers[0].state["0.weight"].values())


def test_initial_weights_follow_the_true_fan_in():
    graph = Bipartite.from_mask(np.arange(400)[None] < np.array([[400], [25]]).repeat(60, axis=0))
    w = mbp.Sequential(mbp.SparseLinear(graph), backend="reference").children[0].unpacked()
    np.testing.assert_allclose(w[:60].std(), np.sqrt(2 / 400), rtol=0.05)
    np.testing.assert_allclose(w[60:, :25].std(), np.sqrt(2 / 25), rtol=0.1)
    full = Bipartite.from_mask(np.ones((7, 5)))
    for init in ("he", "glorot_uniform", "glorot_normal", "meprop_wide"):
        _, sparse, _ = pair(full, "reference", init=init)
        dense = mbp.Sequential(mbp.Linear(5, 7, init=init), rng=1, backend="reference", dtype="float64")
        close(sparse.unpacked(), dense.children[0].weight.value, "float64")


def network(seed, backend="reference", hidden=None):
    rng = np.random.default_rng(seed)
    hidden = hidden or regular(12, 8, 3, rng)
    return mbp.Sequential(
        mbp.SparseLinear(Bipartite.from_mask(rng.random((12, 10)) < 0.4)), mbp.ReLU(), mbp.SparseLinear(hidden),
        mbp.ReLU(), mbp.Linear(8, 3), rng=seed, backend=backend,
    )  # fmt: skip


@pytest.mark.parametrize("first", [0, 1])
def test_removed_units_take_their_edges_along(backend, first):
    """Of a sparse layer read by a sparse one, and of a sparse layer read by a dense one, both at once too."""
    net = network(1, backend)
    optimizer = mbp.Adam(net.parameters())
    x = np.random.default_rng(0).normal(size=(9, 10)).astype(np.float32)
    net.forward(x)
    net.backward(np.ones((9, 3), np.float32), need_dx=False)
    optimizer.step()
    kept = [np.array([0, 2, 3, 7, 11]), np.array([1, 4, 6])]
    dense = [net.children[0].unpacked(), net.children[2].unpacked(), net.children[4].weight.value.copy()]
    biases = [net.children[i].bias.value.copy() for i in (0, 2, 4)]
    moments = [optimizer.state[f"{i}.weight"]["m"].copy() for i in (0, 2)]
    graphs = [net.children[i].edges.graph for i in (0, 2)]
    found = hidden_layers(net)
    compact(net, optimizer, [(found[i], kept[i][None]) for i in range(first, 2)])
    if first:
        kept[0] = np.arange(12)
    h = np.maximum(x @ dense[0][kept[0]].T + biases[0][kept[0]], 0)
    h = np.maximum(h @ dense[1][kept[1]][:, kept[0]].T + biases[1][kept[1]], 0)
    close(net.forward(x), h @ dense[2][:, kept[1]].T + biases[2], "float32")
    layer = net.children[2]
    left = np.isin(graphs[1].target, kept[1]) & np.isin(graphs[1].source, kept[0])
    np.testing.assert_array_equal(optimizer.state["2.weight"]["m"], moments[1][left])
    assert layer.describe() == {
        "layer": "SparseLinear",
        "edges": left.sum(),
        "n_in": len(kept[0]),
        "n_out": 3,
    }
    assert layer.source.value.shape == layer.weight.value.shape and layer.start.value.shape == (4,)
    net.backward(np.ones((9, 3), np.float32), need_dx=False)
    optimizer.step()


def test_files_and_checkpoints_carry_the_graph(tmp_path, backend):
    net, x = network(1, backend), np.ones((5, 10))
    path = tmp_path / "weights.safetensors"
    mbp.save(net, path)
    edges = [net.children[i].edges.graph.n_edges for i in (0, 2)]
    layers = [mbp.SparseLinear(edges[0], 10, 12), mbp.ReLU(), mbp.SparseLinear(edges[1], n_in=12, n_out=8)]
    other = mbp.Sequential(*layers, mbp.ReLU(), mbp.Linear(8, 3), backend=backend)
    assert other.describe() == net.describe()
    mbp.load(other, path)
    assert_same(parameters(net), parameters(other))
    np.testing.assert_array_equal(net(x), other(x))
    assert other.children[2].edges.graph.same(net.children[2].edges.graph)
    assert other.children[2].weight.width == 3 and other.children[0].weight.width == 1

    optimizer = mbp.Adam(net.parameters(), rows="chosen")
    save_checkpoint(tmp_path / "run.npz", net, optimizer, {})
    third = mbp.Sequential(
        *(mbp.SparseLinear(edges[0], 10, 12), mbp.ReLU(), mbp.SparseLinear(edges[1], 12, 8), mbp.ReLU()),
        mbp.Linear(8, 3), backend=backend, rng=9,
    )  # fmt: skip
    load_checkpoint(tmp_path / "run.npz", third, mbp.Adam(third.parameters(), rows="chosen"))
    np.testing.assert_array_equal(net(x), third(x))


def test_exports_hold_the_same_weights():
    layer = network(1).children[2]
    np.testing.assert_array_equal(layer.to_scipy().toarray(), layer.unpacked())


@pytest.mark.filterwarnings("ignore:Sparse")
def test_torch_takes_the_exported_arrays():
    torch, layer = pytest.importorskip("torch"), network(1).children[2]
    m = layer.to_scipy()
    tensor = torch.sparse_csr_tensor(*map(torch.as_tensor, (m.indptr, m.indices, m.data)), m.shape)
    np.testing.assert_array_equal(tensor.to_dense().numpy(), layer.unpacked())


@pytest.mark.parametrize("pieces", [3])
def test_more_pieces_give_the_same(pieces, dtype):
    graph, rng = radix_net([[4, 4]], [3, 2, 1])[0], np.random.default_rng(0)
    x, dy = rng.normal(size=(40, graph.n_in)).astype(dtype), rng.normal(size=(40, graph.n_out)).astype(dtype)
    results = []
    for n in (1, pieces):
        net = mbp.Sequential(mbp.SparseLinear(graph), rng=1, backend="cpu", dtype=dtype)
        with in_pieces(n):
            y = net.forward(x).copy()
            dx = net.backward(dy, need_dx=True)
        results.append((y, dx, net.children[0].weight.grad.values))
    for one, other in zip(*results):
        np.testing.assert_allclose(one, other, rtol=CLOSE[dtype], atol=CLOSE[dtype])


def test_the_kind_of_kernel_follows_from_the_graph():
    def kind(graph):
        return mbp.SparseLinear(graph).edges.kind

    assert kind(Bipartite.from_blocks(Blocks(2, 5, 4, (0, 3)))) == "block"
    assert kind(Bipartite.from_blocks(Blocks(5, 2, 4, (0, 3)))) == "indexed"
    assert kind(regular(40, 30, 3, np.random.default_rng(0))) == "indexed"


def test_what_is_no_graph_is_refused():
    mask = np.ones((2, 3))
    refused(lambda: mbp.SparseLinear(mask), "edges must be a Bipartite", "from_mask")
    refused(lambda: mbp.SparseLinear(7, 2, 3), "edges must be at most 6", "not 7")
    refused(lambda: mbp.SparseLinear(7), "n_in")
    refused(lambda: mbp.SparseLinear(Bipartite.from_mask(mask), n_in=4), "3 -> 2, not 4")
    graph = Bipartite.from_mask(mask)
    refused(lambda: mbp.SparseLinear(graph, select="top"), "select must be a selector")
    refused(lambda: mbp.SparseLinear(graph, select=mbp.Channels(2)), "channels", "Conv2d")
    refused(lambda: mbp.SparseLinear(graph, init="hee"), "hee", "he")
    refused(lambda: mbp.SparseLinear(graph, bias_rows="some"), "some")
    net = mbp.Sequential(mbp.SparseLinear(graph), backend="reference")
    refused(lambda: net(np.ones((1, 4))), "takes 3 inputs but gets 4")
    refused(lambda: mbp.Sequential(mbp.Linear(4, 2), mbp.SparseLinear(graph)), "takes 3 inputs")


def test_a_file_with_another_graph_changes_nothing(backend, tmp_path, rng):
    net = network(1, backend)
    x = rng.normal(size=(5, net[0].n_in))
    right, before = net(x), parameters(net)
    mbp.save(net, tmp_path / "good")
    arrays = load_file(tmp_path / "good")
    arrays["0.source"][0] = 5000
    save_file(arrays, tmp_path / "bad")
    refused(
        lambda: mbp.load(net, tmp_path / "bad"),
        "bad: 0.start and 0.source are no graph of this layer",
        "5000",
    )
    assert_same(parameters(net), before)
    np.testing.assert_array_equal(net(x), right)
