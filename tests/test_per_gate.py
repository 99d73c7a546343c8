"""Gates of an LSTM that lose entries each by itself: worth what masked gates are, in every way they can run."""

import naive
import numpy as np
import pytest
from conftest import in_pieces
from helpers import close, full_gradient

import minimalbp as mbp
from minimalbp.backend import get_backend
from minimalbp.layers.direction import Direction
from minimalbp.simplify import GATE_G, compact, hidden_layers

N_IN, H, M = 4, 7, 5  # inputs, units at first, units left
LENGTHS = [4, 1, 6]
TURNS = ([2, 1, 7, 1, 3, 1, 1, 4, 1, 2, 1, 1, 3, 1], [4], [1], [3, 5])  # more sentences than FEW, then fewer
SELECT = {
    "dense": (mbp.Dense(), "each"),
    "topk": (mbp.TopK(2), "each"),
    "ratio": (mbp.TopK(ratio=0.5), "each"),
    "topk of all": (mbp.TopK(4), "all"),
    "unified": (mbp.UnifiedTopK(3, score="l2"), "each"),
    "unified of all": (mbp.UnifiedTopK(5), "all"),
    "random": (mbp.RandomK(2, scaled=True), "each"),
}


def lstms(name, bidirectional=True, **options):
    """Two LSTMs and a Linear, none of whose parameters is zero."""
    select, gates = SELECT[name]
    both = {"select": select, "gates": gates, "bidirectional": bidirectional}
    directions = 1 + bidirectional
    first, second = mbp.LSTM(N_IN, H, **both), mbp.LSTM(H * directions, H, bias_rows="chosen", **both)
    net = mbp.Sequential(
        first, second, mbp.Linear(H * directions, 3), **{"dtype": "float64", "rng": 1} | options
    )
    rng = np.random.default_rng(1)
    for p in net.parameters():
        p.value += 0.3 * rng.normal(size=p.value.shape).astype(net.dtype)
    return net


def some_entries(net, seed=3):
    """M units of each direction; of their other gates some entries, of one of them a single one, of one none."""
    rng, found = np.random.default_rng(seed), []
    for hidden in hidden_layers(net):
        groups, n = hidden.shape
        entries = rng.random((groups, 4, n)) < 0.6
        units = np.array([rng.permutation(n) < M for _ in range(groups)])
        entries &= units[:, None]
        entries[:, GATE_G] = units
        entries[0, 3] = False
        entries[-1, 0] = np.arange(n) == np.flatnonzero(units[-1])[1]
        found.append(entries)
    return found


def cut(net, entries, optimizer=None):
    compact(net, optimizer, list(zip(hidden_layers(net), entries)))
    return net


def gone(entries):
    """Outputs of a layer that are gone."""
    return np.flatnonzero(~entries[:, GATE_G].ravel())


def mask(net, entries):
    """Rows of entries that are gone are zero, and nothing reads the units that are."""
    for hidden, mine in zip(hidden_layers(net), entries):
        for d, there in zip(hidden.layer.directions, mine):
            for p in (d.w, d.u, d.b):
                p.value[~there.ravel()] = 0
            d.u.value[:, ~there[GATE_G]] = 0
        for cut in hidden.reader.input_cuts(gone(mine)):
            cut.param.value[:, gone(mine)] = 0


@pytest.fixture
def masked(monkeypatch):
    """Where the full network chooses, entries that are gone have no gradient: the reference, by masks."""
    of, current, lstm = {}, [], get_backend("reference").lstm
    each_group, backward = lstm._each_group, Direction.backward

    def choose(chosen, dgates, *rest):
        dgates[:, of.get(id(current[-1]), slice(0))] = 0
        each_group(chosen, dgates, *rest)

    def watched(self, *args):
        current.append(self)
        return backward(self, *args)

    monkeypatch.setattr(lstm, "_each_group", choose)
    monkeypatch.setattr(Direction, "backward", watched)

    def begin(net, entries):
        for hidden, mine in zip(hidden_layers(net), entries):
            of.update({id(d): ~there.ravel() for d, there in zip(hidden.layer.directions, mine)})
        return net

    return begin


def step(net, labels, lengths=LENGTHS, seed=5):
    """(outputs, loss) of a forward and a backward pass."""
    x = np.random.default_rng(seed).normal(size=(sum(lengths), N_IN)).astype(net.dtype)
    loss = mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype)
    logits = net.forward(net.prepare(x), lengths=lengths).copy()
    value = loss.forward(logits, labels)
    dx = net.backward(loss.backward())
    return logits, value, dx.copy()


def small_gradients(net, entries):
    """What stays of the gradients of a full network."""
    taken = {p.name: full_gradient(p) for p in net.parameters()}
    for hidden, mine in zip(hidden_layers(net), entries):
        kept = np.setdiff1d(np.arange(mine.shape[0] * H), gone(mine))
        for c in [*hidden.layer.unit_cuts(mine), *hidden.reader.input_cuts(kept)]:
            taken[c.param.name] = np.take(taken[c.param.name], c.kept, c.axis)
    return taken


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("name", sorted(set(SELECT) - {"random", "ratio"}))
def test_compacted_gates_are_masked_gates(backend, masked, name, bidirectional):
    labels = np.arange(11, dtype=np.int32) % 3
    full, small = lstms(name, bidirectional, backend="reference"), lstms(name, bidirectional, backend=backend)
    entries = some_entries(full)
    cut(small, entries)
    mask(masked(full, entries), entries)
    found, wanted = step(small, labels), step(full, labels)
    for a, b in zip(found, wanted):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
    gradients = small_gradients(full, entries)
    for p in small.parameters():
        assert p.value.shape == gradients[p.name].shape
        np.testing.assert_allclose(
            full_gradient(p), gradients[p.name], rtol=1e-12, atol=1e-14, err_msg=p.name
        )
        assert full_gradient(p).any()


@pytest.mark.parametrize("name", sorted(SELECT))
def test_the_gradients_are_those_by_hand(backend, name):
    """One sentence, word by word in lists; each group chooses among its entries, all of them where k is larger."""
    net = lstms(name, False, backend=backend)
    layer = cut(net, some_entries(net)).children[0]
    d, (select, gates) = layer.directions[0], SELECT[name]
    rng = np.random.default_rng(2)
    x, dy = rng.normal(size=(6, N_IN)), rng.normal(size=(6, M))
    y, dx = layer.forward(x).copy(), layer.backward(dy)
    w, u, b = (p.whole().tolist() for p in (d.w, d.u, d.b))
    tape = naive.lstm(x.tolist(), w, u, b)
    np.testing.assert_allclose(y, [t[-1] for t in tape], rtol=1e-12)

    sizes = layer.there()[0].sum(axis=1)
    sizes = [sizes.sum()] if gates == "all" else sizes
    picks = [select.units(int(n)) if n else 0 for n in sizes]
    choice = np.tile(np.arange(len(d.place)), (6, 1)) if d.last_choice is None else d.last_choice
    factors = np.concatenate([np.full(k, select.scale(int(n))) for n, k in zip(sizes, picks) if n])
    kept = np.zeros((6, 4 * M))
    np.put_along_axis(kept, d.place[choice], np.broadcast_to(factors, choice.shape), axis=1)
    assert (np.diff(choice, axis=1) > 0).all()
    dx_, dw, du, dgates = naive.lstm_backward(tape, dy.tolist(), w, u, kept.tolist())
    np.testing.assert_allclose(dx, dx_, rtol=1e-10, atol=1e-14)
    for p, g in (
        (d.w, dw),
        (d.u, du),
        (d.b, (np.array(dgates) * (kept if d.b.grad.rows is not None else 1)).sum(0)),
    ):
        np.testing.assert_allclose(full_gradient(p), np.array(g)[d.place], rtol=1e-10, atol=1e-14)
    ends = np.cumsum([0, *sizes])
    for t, lo, hi, k in ((t, *group) for t in range(6) for group in zip(ends, ends[1:], picks)):
        mine = [j for j in choice[t] if lo <= j < hi]
        best = lo + np.argsort(-np.abs(np.array(dgates[t])[d.place[lo:hi]]))[:k]
        assert len(mine) == k and (name == "random" or mine == sorted(best))


@pytest.mark.parametrize("pieces", [1, 2, 3])
@pytest.mark.parametrize("name", sorted(SELECT))
def test_every_path_is_the_specification(name, pieces, dtype):
    nets = [lstms(name, backend=backend, dtype=dtype) for backend in ("reference", "cpu")]
    for net in nets:
        cut(net, some_entries(net))
    for lengths in TURNS:
        labels = np.arange(sum(lengths), dtype=np.int32) % 3
        wanted = step(nets[0], labels, lengths)
        with in_pieces(pieces):
            found = step(nets[1], labels, lengths)
        for a, b in zip(found, wanted):
            close(a, b, dtype)
        for p, q in zip(nets[0].parameters(), nets[1].parameters()):
            close(full_gradient(q), full_gradient(p), dtype)


@pytest.mark.parametrize("name", ["dense", "topk", "unified", "topk of all"])
def test_training_goes_on_without_a_jump(backend, masked, name):
    """Adam moves all rows by their moments: were those not cut with the weights, the losses would part."""
    labels = np.arange(11, dtype=np.int32) % 3
    nets = [lstms(name, backend=b) for b in ("reference", backend)]
    optimizers = [mbp.Adam(net.parameters(), lr=0.01) for net in nets]
    for net, optimizer in zip(nets, optimizers):
        for _ in range(5):
            step(net, labels)
            optimizer.step()
    entries = some_entries(nets[0])
    masked(nets[0], entries)
    cut(nets[1], entries, optimizers[1])
    losses = [], []
    for _ in range(100):
        mask(nets[0], entries)
        for net, optimizer, seen in zip(nets, optimizers, losses):
            seen.append(step(net, labels)[1])
            optimizer.step()
    np.testing.assert_allclose(*losses, rtol=1e-6)
    assert losses[0][-1] < 0.5 * losses[0][0]


def test_what_is_cut_again_and_back_to_whole_gates(backend):
    """Entries first, then units, by rows of units: those that are left have all four gates again."""
    net = lstms("topk", backend=backend)
    entries = some_entries(net)
    entries[0][:] = True
    entries[0][:, :3, 4:] = [[True], [False], [True]]  # f of the last three units
    cut(net, entries)
    layer = net.children[0]
    assert layer.ragged and layer.width == (4 * 7 - 3) * 2 / 4
    before = layer.describe()
    assert before["rows"] == [[7, 4, 7, 7]] * 2 and before["place"][0] == [*range(11), *range(14, 28)]
    compact(net, None, [(hidden_layers(net)[0], np.tile(np.arange(4), (2, 1)))])
    assert not layer.ragged
    assert layer.hidden == 4 and layer.directions[0].w.place is None and layer.width == 8
    compact(net, None, [(hidden_layers(net)[1], np.tile(np.arange(2), (2, 1)))])  # units of ragged gates
    small = net.children[1]
    assert small.hidden == 2 and small.ragged and step(net, np.zeros(11, np.int32))[1] > 0
    for d, there in zip(small.directions, small.there()):
        assert len(d.w.value) == len(d.u.value) == len(d.b.value) == there.sum() and there[GATE_G].all()
