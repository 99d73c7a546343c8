"""SparseConv2d in networks: files, checkpoints, filters that leave, pruning, training."""

import numpy as np
import pytest
from helpers import assert_same, close, parameters

import minimalbp as mbp
from minimalbp.network.compact import compact, hidden_layers
from minimalbp.network.describe import rebuild
from minimalbp.network.rewrite import clone
from minimalbp.topology import Bipartite, regular
from minimalbp.train.checkpoint import load_checkpoint, save_checkpoint


def network(seed, backend="reference", select=None, dtype="float32"):
    rng = np.random.default_rng(3)
    first, second = regular(2, 6, 1, rng), Bipartite.from_mask(rng.random((8, 6)) < 0.5)
    return mbp.Sequential(
        mbp.SparseConv2d(first, kernel_size=3, padding=1, select=select),
        mbp.ReLU(),
        mbp.SparseConv2d(second, kernel_size=3, padding=1, bias=False, select=select),
        mbp.BatchNorm2d(8),
        mbp.ReLU(),
        mbp.MaxPool2d(2),
        mbp.Conv2d(8, 3, 1),
        mbp.Flatten(),
        mbp.Linear(12, 3),
        rng=seed,
        backend=backend,
        dtype=dtype,
    )


def test_removed_filters_take_their_edges_along(backend, rng):
    net, masked = network(1, backend, dtype="float64"), network(1, backend, dtype="float64")
    x, kept = rng.normal(size=(3, 2, 4, 5)), [[0, 2, 5], [1, 4, 6]]
    masked.forward(x)  # for the statistics
    for reader, mine in zip((2, 6), kept):  # nobody reads the others
        w = masked.children[reader].weight.value
        if reader == 2:
            w[~np.isin(masked.children[2].edges.graph.source, mine)] = 0
        else:
            w[:, ~np.isin(np.arange(8), mine)] = 0
    optimizer = mbp.Adam(net.parameters())
    net.forward(x)
    net.backward(np.ones((3, 3)), need_dx=False)
    before = net.children[2].edges.graph
    moments = optimizer.state["2.weight"]["m"].copy()
    compact(net, optimizer, list(zip(hidden_layers(net), (np.array([mine]) for mine in kept))))
    close(net(x), masked(x), "float64")
    layer = net.children[2]
    left = np.isin(before.target, kept[1]) & np.isin(before.source, kept[0])
    assert layer.describe() == {
        "layer": "SparseConv2d", "edges": left.sum(), "in_channels": 3, "out_channels": 3, "kernel_size": (3, 3),
        "padding": (1, 1), "bias": False,
    }  # fmt: skip
    assert optimizer.state["2.weight"]["m"].shape == moments[left].shape == layer.weight.value.shape
    assert layer.source.value.shape == (left.sum(),) and layer.start.value.shape == (4,)
    net.forward(x)
    net.backward(np.ones((3, 3)), need_dx=False)
    optimizer.step()


@pytest.mark.parametrize("select", [None, mbp.TopK(4)])
def test_files_and_checkpoints_carry_the_graph(tmp_path, backend, select, rng):
    net, x = network(1, backend, select), rng.normal(size=(2, 2, 4, 5))
    mbp.save(net, tmp_path / "weights.safetensors")
    other = rebuild(net.describe(), select=select, rng=5, backend=backend)
    assert other.describe() == net.describe() and other.children[0].select == (select or mbp.Dense())
    assert not other.children[2].edges.graph.same(net.children[2].edges.graph)
    mbp.load(other, tmp_path / "weights.safetensors")
    assert_same(parameters(net), parameters(other))
    np.testing.assert_array_equal(other(x), net(x))
    assert other.children[2].edges.graph.same(net.children[2].edges.graph)
    close(mbp.Frozen(net)(x), net(x), "float32")
    np.testing.assert_array_equal(clone(net)(x), clone(net)(x))

    save_checkpoint(tmp_path / "run.npz", net, mbp.Adam(net.parameters(), rows="chosen"), {})
    third = rebuild(net.describe(), rng=9, backend=backend)
    load_checkpoint(tmp_path / "run.npz", third, mbp.Adam(third.parameters(), rows="chosen"))
    np.testing.assert_array_equal(third(x), net(x))


def test_pruning_leaves_it_and_unpacking_makes_it_dense(rng):
    net, x = network(1, dtype="float64"), rng.normal(size=(2, 2, 4, 5))
    dense = mbp.prune.unpack(net)
    assert [type(layer).__name__ for layer in dense.children].count("Conv2d") == 3
    close(dense(x), net(x), "float64")
    net.children[6].weight.value[:, 2] = 0
    packed = mbp.prune.pack(net)
    assert isinstance(packed.children[0], mbp.SparseConv2d) and packed.children[0] is not net.children[0]
    close(packed(x), net(x), "float64")


def test_simplify_removes_filters_and_a_network_learns(backend, rng):
    y = np.arange(60) % 3
    x = rng.normal(size=(60, 2, 4, 5)) * 0.3
    x[np.arange(60), 0, y] += 2  # a line for each class
    part = mbp.Split(x.astype("float32"), y)
    net = network(2, backend, select=mbp.TopK(12))
    more = {"epochs": 6, "batch_size": 10, "companions": [mbp.Simplifier(prune=0.02, cycle=3)]}
    data = mbp.Dataset("lines", part, part, part, ("a", "b", "c"))
    history = mbp.fit(net, data, mbp.Adam(net.parameters(), lr=0.01), **more)
    assert history.records[-1].dev["accuracy"] > 0.6
    assert net.children[2].in_channels == net.children[0].out_channels
    assert net.children[6].in_channels == net.children[2].out_channels
    assert net.children[0].out_channels + net.children[2].out_channels < 14
