"""Gates that lose entries each by itself: what is counted, written, refused and chosen."""

import numpy as np
import pytest
from helpers import assert_same, parameters, refused
from test_per_gate import LENGTHS, N_IN, M, cut, lstms, some_entries, step

import minimalbp as mbp
from minimalbp.measure import FORMULAS
from minimalbp.simplify import GATE_G, compact, drop_zero_rows, hidden_layers
from minimalbp.simplify.gates import active_entries, of_sizes


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
    uneven = np.concatenate([hits, hits])
    # one is active there, and three in the other direction, which asks for more than the least of two
    uneven[1, GATE_G] = [9, 0, 0, 0, 0]
    uneven[:, [0, 1, 3]] = 9
    entries, bound = active_entries(uneven, np.ones((2, 4, 5), bool), 5, 2)
    assert not bound and entries[:, GATE_G].sum(axis=1).tolist() == [3, 3]
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
