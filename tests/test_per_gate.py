"""Gates of an LSTM that lose entries each by itself: worth what masked gates are, in every way they can run."""

import naive
import numpy as np
import pytest
from conftest import in_pieces
from helpers import assert_same, close, full_gradient, parameters, refused

import minimalbp as mbp
from minimalbp.backend import get_backend
from minimalbp.layers.direction import Direction
from minimalbp.measure import FORMULAS
from minimalbp.simplify import GATE_G, compact, drop_zero_rows, hidden_layers
from minimalbp.simplify.gates import active_entries, of_sizes

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


def test_activeness_of_each_entry(backend):
    for name in ("dense", "topk"):
        net = lstms(name, backend=backend)
        layer = cut(net, some_entries(net)).children[0]
        step(net, np.zeros(11, np.int32))
        hits = np.zeros((2, 4, M), np.int64)
        assert layer.count(hits) == 11
        both = np.zeros((2, M), np.int64)
        assert layer.count(both) == 44 and (both == hits.sum(axis=1)).all()
        for d, mine in zip(layer.directions, hits.reshape(2, -1)):
            wanted = np.zeros(4 * M, int)
            choice = np.tile(np.arange(len(d.place)), (11, 1)) if d.last_choice is None else d.last_choice
            np.add.at(wanted, d.place[choice][d.last_picked != 0], 1)
            assert mine.tolist() == wanted.tolist()


def test_files_hold_zero_rows_and_every_lstm_reads_them(backend, tmp_path):
    net = lstms("topk", backend=backend, dtype="float32")
    entries = some_entries(net)
    cut(net, entries)
    path, x = tmp_path / "w.safetensors", np.random.default_rng(0).normal(size=(11, N_IN))
    mbp.save(net, path)
    full = mbp.Sequential(
        mbp.LSTM(N_IN, M, bidirectional=True), mbp.LSTM(2 * M, M, bidirectional=True), mbp.Linear(2 * M, 3),
        backend=backend,
    )  # fmt: skip
    mbp.load(full, path)
    np.testing.assert_allclose(full(x, LENGTHS), net(x, LENGTHS), rtol=1e-5, atol=1e-6)
    drop_zero_rows(full)
    assert full.describe() == net.describe()
    same = cut(lstms("topk", backend=backend, dtype="float32", rng=7), entries)
    mbp.load(same, path)
    assert_same(parameters(same), parameters(net))
    np.testing.assert_array_equal(same(x, LENGTHS), full(x, LENGTHS))
    other = cut(lstms("topk", backend=backend, dtype="float32"), some_entries(lstms("topk"), seed=9))
    refused(lambda: mbp.load(other, path), "rows that the gates of this network's LSTM have lost")
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    theirs = torch.nn.LSTM(N_IN, M, bidirectional=True)
    found = {name[2:]: a for name, a in load_file(path).items() if name.startswith("0.")}
    biases = {
        name.replace("bias_ih", "bias_hh"): torch.zeros_like(a) for name, a in found.items() if "bias" in name
    }
    theirs.load_state_dict(found | biases)
    y = theirs(torch.from_numpy(x.astype(np.float32)))[0].detach().numpy()
    mine = net.children[0].forward(x.astype(np.float32))
    np.testing.assert_allclose(y, mine, rtol=1e-5, atol=1e-6)


def test_entries_that_cannot_stay():
    net = lstms("topk")
    hidden, good = hidden_layers(net)[0], some_entries(net)[0]
    without_g = good.copy()
    without_g[0, 1] = True
    uneven = good.copy()
    uneven[0, :, np.flatnonzero(good[0, GATE_G])[0]] = False
    linear = hidden_layers(mbp.mlp([3, 4, 2]))[0]
    for where, entries, said in (
        (hidden, without_g, "needs g for each unit"), (hidden, uneven, "equally many"),
        (hidden, good[:1], "no such entries"), (linear, np.ones((1, 4, 4), bool), "no such entries"),
        (hidden, np.zeros_like(good), "can keep"),
    ):  # fmt: skip
        refused(lambda w=where, e=entries: compact(net, None, [(w, e)]), said)
    cut(net, [good, some_entries(net)[1]])
    refused(lambda: compact(net, None, [(hidden, np.ones((2, 4, M), bool))]), "no such entries")


def test_the_entries_that_stay():
    there = np.ones((1, 4, 5), bool)
    hits = np.array([[[9, 0, 9, 9, 0], [0, 9, 0, 0, 0], [9, 8, 7, 1, 1], [9, 9, 9, 0, 9]]])
    entries, bound = active_entries(hits, there, 5, 1)
    assert not bound and entries[0].astype(int).tolist() == [
        [1, 0, 1, 0, 0], [0, 1, 0, 0, 0], [1, 1, 1, 0, 0], [1, 1, 1, 0, 0]
    ]  # fmt: skip
    entries, bound = active_entries(hits, there, 5, 2)
    assert bound and entries[0].sum(axis=1).tolist() == [2, 2, 3, 3]
    assert entries[0, 1].tolist() == [True, True, False, False, False]  # of equals the lower
    scarce = there.copy()
    scarce[0, 1] = [0, 0, 0, 1, 1]  # the least of f are with units that g would not keep
    entries, _ = active_entries(hits, scarce, 5, 2)
    assert entries[0, GATE_G].sum() == 5 and entries[0, 1].tolist() == scarce[0, 1].tolist()
    two = np.concatenate([there, scarce])
    entries, _ = active_entries(np.concatenate([hits, hits]), two, 5, 1)
    assert entries[:, GATE_G].sum(axis=1).tolist() == [4, 4]
    assert active_entries(hits, there, 0, 1)[0].all()


def test_sizes_that_another_network_had():
    rng = np.random.default_rng(0)
    there = np.ones((2, 4, 9), bool)
    sizes = [[5, 3, 7, 2], [1, 7, 7, 0]]
    once = of_sizes(rng.random(there.shape), there, sizes)
    assert once.sum(axis=2).tolist() == sizes and not (once & ~once[:, GATE_G, None]).any()
    for _ in range(20):  # what was kept is spared while it can be
        again = of_sizes(rng.random(there.shape), once, [[4, 3, 5, 2], [1, 5, 5, 0]])
        assert again[0].sum(axis=1).tolist() == [4, 3, 5, 2] and not (again & ~once).any()
    apart = np.ones((1, 4, 4), bool)
    apart[0, 0], apart[0, 1] = [1, 1, 0, 0], [0, 0, 1, 1]
    assert of_sizes(rng.random(apart.shape), apart, [[2, 2, 2, 2]])[0].sum(axis=1).tolist()[GATE_G] == 2


def test_the_work_is_that_of_the_rows_that_are_left():
    """Twelve words in three sentences of four; r entries of the gates of h units, q picks."""
    r, h, q, n_in, s, i = 9, 4, 5, 3, 4, 4
    words, sent, steps = 12, 9, 4
    f = lambda *shape: np.zeros(shape, np.float32)  # noqa: E731
    n = lambda *shape: np.zeros(shape, np.int32)  # noqa: E731
    active, place, u, gates = np.full(4, 3, np.int32), n(r), f(r, h), f(words, 4 * h)
    state, tanh_c = f(3 + words, h), f(words, h)
    count = FORMULAS["ragged.forward"](state, state, tanh_c, gates, f(words, r), u, active, place)
    assert count.ops == r * h * sent + 8 * h * words
    moved = r * h * (steps - 1) + (2 * r + 5 * h) * words + 2 * h * (3 + words)
    assert count.bytes == s * moved + i * (steps + r)
    kept = (gates, state, tanh_c, u)
    sending, cells = FORMULAS["ragged.backward_all"](f(words, r), tanh_c, *kept, active, place, None)
    assert (sending.ops, cells.ops) == (r * h * sent, 7 * h * words)
    assert sending.bytes == s * (r * h * (steps - 1) + (r + h) * sent)
    counts = FORMULAS["ragged.backward_top_k"](
        f(words, r),
        n(words, q),
        f(words, q),
        f(0, 1),
        tanh_c,
        *kept,
        f(r, n_in),
        active,
        place,
        None,
        None,
        None,
    )
    assert [c.ops for c in counts] == [q * h * sent, 7 * h * words, q * words, r * words]
