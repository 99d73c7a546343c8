"""meSimp: what is taken out was worth nothing, and what stays goes on as if nothing had happened."""

import os

import numpy as np
import pytest
from shrinking import lstms, mask, mlp, outputs_of

import minimalbp as mbp
from minimalbp.network.compact import compact, hidden_layers
from minimalbp.select import Dense, Lists, Signs, Systematic, Threshold, TopK, UnifiedTopK, masked

SHORTER = 10 if "NUMBA_DISABLE_JIT" in os.environ else 1  # without the compiler, a step takes a second
X = np.random.default_rng(5).normal(size=(11, 6))
IDS = np.random.default_rng(6).integers(0, 5, (11, 2)).astype(np.int32)
LENGTHS = np.array([4, 1, 6])


def parser(select, **options):
    return mbp.Sequential(
        mbp.Embedding([(5, 4, 2)], scale=1),
        mbp.Linear(8, 9, select=select),
        mbp.Cube(),
        mbp.Linear(9, 3),
        **options,
    )


def residual(select, **options):
    inside = mbp.Residual(mbp.Linear(6, 9, select=select), mbp.ReLU(), mbp.Linear(9, 6, select=select))
    return mbp.Sequential(inside, mbp.ReLU(), mbp.Linear(6, 3), **options)


def read_by_an_lstm(select, **options):
    return mbp.Sequential(
        mbp.Linear(6, 9, select=select),
        mbp.Tanh(),
        mbp.LSTM(9, 5, select=select),
        mbp.Linear(5, 3),
        **options,
    )


NETS = {
    "relu": lambda s, **o: mlp(s, mbp.ReLU, **o),
    "sigmoid": lambda s, **o: mlp(s, mbp.Sigmoid, **o),
    "parser": parser,
    "lstm": lstms,
    "lstm all": lambda s, **o: lstms(s, gates="all", **o),
    "both ways": lambda s, **o: lstms(s, True, **o),
    "residual": residual,
    "read by an lstm": read_by_an_lstm,
    "centred dw": lambda s, **o: mlp(s, mbp.ReLU, "dw", **o),
    "centred": lambda s, **o: mlp(s, mbp.ReLU, "forward", **o),
    "lstm, centred dw": lambda s, **o: lstms(s, True, center="dw", **o),
    "lstm, centred": lambda s, **o: lstms(s, center="forward", **o),
}
# Of 7 to 9 units 4 stay, so that a layer with k = 5 runs dense afterwards.
SELECT = {
    "dense": Dense(),
    "topk": TopK(3),
    "k above the width that is left": TopK(5),
    "unified": UnifiedTopK(3),
    "systematic": Systematic(3),
    "threshold over the batch": Threshold(3, over="batch"),
    "signs": Signs(3),
}


def some(hidden, rng, m=4):
    """m units of each group, ascending."""
    groups, n = hidden.shape
    return np.sort([rng.permutation(n)[:m] for _ in range(groups)])


def step(net, labels):
    """(outputs, loss) of a forward and a backward pass."""
    x = net.prepare(IDS if net.children[0].takes_ids else X)
    loss = mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype)
    lengths = LENGTHS if any(isinstance(layer, mbp.LSTM) for layer in net.layers()) else None
    logits = net.forward(x, lengths=lengths).copy()
    value = loss.forward(logits, labels)
    net.backward(loss.backward(), need_dx=False)
    return logits, value


def dense_gradient(p):
    if p.grad.rows is None:
        return p.grad.values.copy()
    g = np.zeros_like(p.value)
    g[p.grad.rows] = p.grad.values
    return g


# A walk through all gates goes in another order once there are fewer units, and so it is another draw.
SAME = [(name, s) for name in NETS for s in SELECT if not (name == "lstm all" and SELECT[s].random)]


@pytest.mark.parametrize("name, select", SAME, ids=map(" ".join, SAME))
def test_the_compacted_network_is_the_masked_one(backend, name, select, rng):
    labels = rng.integers(0, 3, 11).astype(np.int32)
    nets = [NETS[name](SELECT[select], backend=backend, dtype="float64") for _ in range(2)]
    masked, small = nets
    for net in nets:
        for p in net.statistics():
            p.value[:] = 0.5 if p.name.endswith("mean") else 7
    wide = hidden_layers(masked)
    kept = [some(h, rng) for h in wide]
    for h, units in zip(wide, kept):
        mask(h, units)
    mbp.SGD(small.parameters())
    compact(small, None, list(zip(hidden_layers(small), kept)))
    found, wanted = step(small, labels), step(masked, labels)
    np.testing.assert_allclose(found[0], wanted[0], rtol=1e-12, atol=1e-14)
    taken = {p.name: dense_gradient(p) for p in masked.parameters()}
    for h, units in zip(wide, kept):  # what stays of the large gradients
        cuts = [*h.layer.unit_cuts(units), *h.reader.input_cuts(outputs_of(h, units))]
        for cut in cuts:
            if cut.param.name in taken:  # running means have no gradient
                taken[cut.param.name] = np.take(taken[cut.param.name], cut.kept, cut.axis)
    for p in small.parameters():
        g = dense_gradient(p)
        np.testing.assert_allclose(g, taken[p.name], rtol=1e-12, atol=1e-14, err_msg=p.name)
    assert any(dense_gradient(p).any() for p in small.parameters())


def test_units_leave_across_a_dropout(backend, rng):
    nets = [mbp.mlp([6, 9, 8, 3], dropout=0.3, backend=backend, dtype="float64") for _ in range(2)]
    wide, small = hidden_layers(nets[0]), nets[1]
    kept = [some(h, rng) for h in wide]
    for h, units in zip(wide, kept):
        mask(h, units)
    adam = mbp.Adam(small.parameters())
    compact(small, adam, list(zip(hidden_layers(small), kept)))
    np.testing.assert_allclose(small(X), nets[0](X), rtol=1e-12, atol=1e-14)
    step(small, rng.integers(0, 3, 11).astype(np.int32))
    adam.step()


def test_a_parameter_that_is_not_trained_is_cut_too(backend, rng):
    net = mlp(TopK(3), mbp.ReLU, backend=backend)
    adam = mbp.Adam([p for p in net.parameters() if p.name != "0.weight"])
    compact(net, adam, [(h, some(h, rng)) for h in hidden_layers(net)])
    assert [p.value.shape[0] for p in net.parameters()] == [4, 4, 4, 3, 3]
    step(net, rng.integers(0, 3, 11).astype(np.int32))
    adam.step()


@pytest.mark.parametrize("name", ["relu", "parser", "both ways", "centred dw", "lstm, centred"])
def test_training_goes_on_without_a_jump(backend, name, rng):
    """Adam with all rows moves by its moments alone: were they not cut with the weights, the losses would part."""
    labels = rng.integers(0, 3, 11).astype(np.int32)
    nets = [NETS[name](TopK(3), backend=backend, dtype="float64") for _ in range(2)]
    optimizers = [mbp.Adam(net.parameters(), lr=0.01) for net in nets]
    for net, optimizer in zip(nets, optimizers):
        for _ in range(20 // SHORTER):
            step(net, labels)
            optimizer.step()
    wide, small = hidden_layers(nets[0]), nets[1]
    kept = [some(h, rng) for h in wide]
    compact(small, optimizers[1], list(zip(hidden_layers(small), kept)))
    losses = [], []
    for _ in range(100 // SHORTER):
        for h, units in zip(wide, kept):
            mask(h, units)
        for net, optimizer, seen in zip(nets, optimizers, losses):
            seen.append(step(net, labels)[1])
            optimizer.step()
    np.testing.assert_allclose(*losses, rtol=1e-6)
    assert losses[0][-1] < losses[0][0]


def naive_hits(layer):
    """Of one Linear and its last backward pass, by hand."""
    hits = [0] * layer.n_out
    dy, choice = layer.last_dy, layer.last_choice
    if isinstance(choice, Lists):
        return np.bincount(choice.unit[: choice.start[-1]], minlength=layer.n_out).tolist()
    for e in range(len(dy)):
        units = range(layer.n_out) if choice is None else choice if choice.ndim == 1 else choice[e]
        for unit in units:
            hits[unit] += dy[e, unit] != 0
    return hits


@pytest.mark.parametrize("select", SELECT)
def test_activeness_is_how_often_a_unit_has_a_gradient(backend, select, rng):
    net = mlp(SELECT[select], mbp.ReLU, backend=backend)
    step(net, np.zeros(11, np.int32))
    for hidden in hidden_layers(net):
        hits = np.zeros(hidden.shape, np.int64)
        assert hidden.layer.count(hits) == 11
        assert hits[0].tolist() == naive_hits(hidden.layer)
        assert (hidden.layer.last_dy == 0).any()  # a rectifier was off: such picks do not count


@pytest.mark.parametrize("select", SELECT)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_activeness_of_an_lstm_is_the_mean_over_its_gates(backend, bidirectional, select):
    net = lstms(SELECT[select], bidirectional, backend=backend)
    step(net, np.zeros(11, np.int32))
    layer = net.children[0]
    hits = np.zeros((1 + bidirectional, 7), np.int64)
    assert layer.count(hits) == 4 * 11
    for d, found in zip(layer.directions, hits):
        left = masked(d.last_choice, d.last_picked, (11, 28))
        wanted = (left != 0).sum(axis=0)
        assert found.tolist() == wanted.reshape(4, 7).sum(0).tolist()


@pytest.mark.parametrize("kept", [[[1, 0]], [[0, 0]], [[0, 9]], [[-1, 0]], [[]], [0, 1], [[0], [1]], [[0.5]]])
def test_units_that_cannot_be_kept(kept):
    net = mbp.mlp([4, 3, 2], backend="reference")
    before = [p.value.copy() for p in net.parameters()]
    with pytest.raises(mbp.BadInput, match="can keep 1 x"):
        compact(net, None, [(hidden_layers(net)[0], np.array(kept))])
    for p, value in zip(net.parameters(), before):
        np.testing.assert_array_equal(p.value, value)
