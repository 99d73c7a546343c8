"""Networks of sparse layers: which layer is dense, that they learn, and that they shrink."""

import numpy as np
from helpers import assert_same, clusters, parameters, refused

import minimalbp as mbp
from minimalbp.topology import Bipartite, radix_net, regular


def test_it_has_a_dense_last_layer_where_outputs_would_read_few_nodes():
    narrow, wide = radix_net([[4, 4], [2]], [2, 3, 3, 1]), radix_net([[4, 4]], [2, 3, 1])
    kinds = [
        type(layer).__name__ for layer in mbp.sparse_mlp(narrow, dropout=0.1, backend="reference").children
    ]
    assert kinds == ["SparseLinear", "ReLU", "Dropout"] * 2 + ["Linear"]
    net = mbp.sparse_mlp(wide, select=mbp.TopK(2), backend="reference")
    assert isinstance(net.children[-1], mbp.SparseLinear) and net.notes() == []
    assert [net.children[i].select for i in (0, 2)] == [mbp.TopK(2), mbp.Dense()]
    kept = mbp.sparse_mlp(narrow, dense_last=False, backend="reference")
    assert isinstance(kept.children[-1], mbp.SparseLinear)
    assert kept.notes() == [
        "an output reads only 6 of 48 nodes, and such networks train badly; "
        "sparse_mlp(dense_last=True) makes the last layer dense"
    ]
    refused(lambda: mbp.sparse_mlp([784, 300, 10]), "topology must be a Topology")


def test_a_dense_layer_may_follow_and_the_network_learns():
    data = clusters(n_in=32)
    outputs = mbp.sparse_mlp(radix_net([[4, 4]], [2, 3, 1]), outputs=3, rng=1)
    kinds = [type(layer).__name__ for layer in outputs]
    assert kinds == ["SparseLinear", "ReLU"] * 2 + ["Linear"] and outputs[-1].n_in == 16
    history = mbp.fit(
        outputs, data, optimizer=mbp.Adam(outputs.parameters(), lr=0.01), epochs=5, batch_size=10
    )
    assert history.records[-1].dev["accuracy"] > 0.9


def test_simplify_shrinks_sparse_layers_and_resumes(tmp_path):
    """A run that stops after two epochs and goes on is the run that did not stop, units and edges too."""

    def trained(epochs, name, **options):
        rng = np.random.default_rng(0)
        first, second = regular(32, 24, 6, rng), Bipartite.from_mask(rng.random((20, 24)) < 0.4)
        layers = [
            mbp.SparseLinear(first, select=mbp.TopK(3)),
            mbp.ReLU(),
            mbp.SparseLinear(second, select=mbp.TopK(3)),
        ]
        net = mbp.Sequential(*layers, mbp.ReLU(), mbp.Linear(20, 3), rng=1)
        optimizer = mbp.Adam(net.parameters(), rows="chosen")
        companion = mbp.Simplifier(prune=0.1, cycle=1)
        more = {"companions": [companion], "checkpoint": tmp_path / name, "evals_per_epoch": 1, **options}
        mbp.fit(net, clusters(n=300, n_in=32), optimizer, epochs=epochs, **more)
        return net

    whole = trained(4, "whole.npz")
    trained(2, "parts.npz")
    parts = trained(4, "parts.npz", resume=True)
    assert whole.children[0].n_out < 24 and whole.children[2].n_out < 20
    assert whole.children[2].n_in == whole.children[0].n_out
    assert whole.describe() == parts.describe()
    assert_same(parameters(whole), parameters(parts))
