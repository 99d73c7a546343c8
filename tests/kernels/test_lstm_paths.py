"""The LSTM's kernels in every way they can run: pieces, BLAS, shapes that change; NaN; what is read; counts."""

from contextlib import nullcontext
from itertools import pairwise

import numpy as np
import pytest
from helpers import JIT_ONLY, close, full_gradient, in_pieces, refused

import minimalbp as mbp
from minimalbp.backend import cores, get_backend
from minimalbp.select import Lists

N_IN, H, S, I = 3, 9, 4, 4  # bytes of a float32 and of an int32  # noqa: E741
TURNS = (
    [2, 1, 7, 1, 3, 1, 1, 4],
    [4],
    [1],
    [3, 5],
    [1] * 8,
)  # of a network: more sentences than FEW, then fewer
SELECTORS = {
    "dense": mbp.Dense(),
    "topk": mbp.TopK(2),
    "unified": mbp.UnifiedTopK(2),
    "random": mbp.RandomK(2, scaled=True),
    "systematic": mbp.Systematic(2),
    "systematic batch": mbp.Systematic(2, over="batch"),
    "threshold": mbp.Threshold(2),
    "threshold batch": mbp.Threshold(2, over="batch"),
    "signs": mbp.Signs(3),
}
LISTS = ("systematic", "systematic batch", "threshold", "threshold batch", "signs")


def lstm(backend, dtype="float64", hidden=H, **options):
    layer = mbp.LSTM(N_IN, hidden, **options)
    net = mbp.Sequential(layer, backend=backend, dtype=dtype, rng=1)
    rng = np.random.default_rng(1)
    for p in net.parameters():
        p.value += 0.3 * rng.normal(size=p.value.shape).astype(dtype)
    return net, layer


def data(rng, lengths, dtype, width=H):
    x, dy = rng.normal(size=(sum(lengths), N_IN)), rng.normal(size=(sum(lengths), width))
    return x.astype(dtype), dy.astype(dtype)


def step(net, x, dy, lengths):
    """[y, dx, the gradients] of one step, and [the choices]."""
    y, dx = net.forward(x, lengths=lengths).copy(), net.backward(dy).copy()
    choices = [units_of(d) for d in net.children[0].directions if d.last_choice is not None]
    return [y, dx, *map(full_gradient, net.parameters())], choices


def units_of(direction):
    """The units that a direction chose for each row, as lists."""
    choice = direction.last_choice
    if isinstance(choice, Lists):
        return [choice.unit[lo:hi].tolist() for lo, hi in pairwise(choice.start)]
    return choice.tolist()


@pytest.mark.parametrize("pieces", [1, 2, 3])
def test_of_seventy_units_eight_sentences_are_few(pieces, dtype, rng):
    """Not the sentences are then dealt out but the units."""
    nets = [lstm(backend, dtype, 70)[0] for backend in ("reference", "cpu")]
    for lengths in (*TURNS, [2] * 9):
        x, _ = data(rng, lengths, dtype)
        with in_pieces(pieces):
            found = nets[1].forward(x, lengths=lengths)
        close(found, nets[0].forward(x, lengths=lengths), dtype)


@pytest.mark.parametrize("pieces, small", [(1, True), (1, False), (2, False), (3, False)])
@pytest.mark.parametrize("hidden", [1, H])
@pytest.mark.parametrize("name", sorted(SELECTORS))
def test_every_path_is_the_specification(name, hidden, pieces, small, dtype, rng, monkeypatch):
    """small: whether U counts as one that is turned where sentences are few."""
    if not small:
        monkeypatch.setattr(get_backend("cpu").lstm, "SMALL", -1)
    options = {"select": SELECTORS[name], "gates": "all" if hidden == 1 else "each", "bidirectional": True}
    nets = [lstm(backend, dtype, hidden, **options)[0] for backend in ("reference", "cpu")]
    for lengths in TURNS:
        x, dy = data(rng, lengths, dtype, 2 * hidden)
        wanted, choices = step(nets[0], x, dy, lengths)
        with in_pieces(pieces):
            found, mine = step(nets[1], x, dy, lengths)
        for a, b in zip(found, wanted):
            close(a, b, dtype)
        assert mine == choices


@JIT_ONLY
@pytest.mark.parametrize("name", ["topk", "random", "systematic", "systematic batch", "signs"])
@pytest.mark.parametrize(
    "pieces, threads", [(2, 1), pytest.param(2, 2, marks=pytest.mark.skipif(cores() < 2, reason="two"))]
)
def test_two_pieces_of_one_sentence_wait_for_each_other(name, pieces, threads, dtype, rng):
    """The loop and, a step behind it, dx: on two threads, and where one thread has to run both."""
    x, dy = data(rng, [40], dtype)
    found = set()
    for n in [1, *[pieces] * 30]:
        net, _ = lstm("cpu", dtype, select=SELECTORS[name])
        net.forward(x)
        with in_pieces(n, threads):
            found.add(net.backward(dy).tobytes())
    assert len(found) == 1


@pytest.mark.parametrize("pieces", [1, 2])
@pytest.mark.parametrize("name", sorted(SELECTORS))
@pytest.mark.parametrize("lengths", [[3], [2, 1, 2, 1, 2, 1, 1], [1, 1]], ids=str)
@pytest.mark.parametrize("where", ["u", "w", "x", "dy", "infinite dy"])
def test_nan_and_infinity_travel_as_in_the_specification(where, lengths, name, pieces, quiet):
    """Not infinite inputs: a gate is then 0 up to rounding, and 0 times infinity is NaN."""
    found, value = [], np.inf if "infinite" in where else np.nan
    for backend in ("reference", "cpu"):
        net, layer = lstm(backend, "float32", select=SELECTORS[name])
        x, dy = data(np.random.default_rng(3), lengths, "float32")
        (d,) = layer.directions
        {"u": d.u.value, "w": d.w.value, "x": x}.get(where, dy)[-1, 1] = value
        with in_pieces(pieces) if backend == "cpu" else nullcontext():
            found.append(step(net, x, dy, lengths))
    for a, b in zip(found[1][0], found[0][0]):
        close(a, b, "float32")
    assert found[1][1] == found[0][1]


@pytest.mark.parametrize("pieces", [1, 2])
@pytest.mark.parametrize("name", ["topk", "unified", "random", *LISTS])
@pytest.mark.parametrize("gates", ["each", "all"])
def test_no_row_of_u_and_w_is_read_but_the_chosen(gates, name, pieces, backend, rng, quiet):
    """Of two words the second alone sends through U: the rows that it chose."""
    (x, dy), found, choice = data(rng, [2], "float32"), [], None
    for poisoned in (False, True):
        net, layer = lstm(backend, "float32", select=SELECTORS[name], gates=gates)
        net.forward(x)
        if poisoned:
            (d,) = layer.directions
            d.u.value[np.setdiff1d(np.arange(4 * H), choice[1])] = np.nan
            d.w.value[np.setdiff1d(np.arange(4 * H), choice[0] + choice[1])] = np.nan
        with in_pieces(pieces) if backend == "cpu" else nullcontext():
            dx = net.backward(dy)
        choice = units_of(layer.directions[0])
        found.append([choice, *(a.tobytes() for a in (dx, *map(full_gradient, net.parameters())))])
    assert np.isfinite(dx).all() and found[0] == found[1]


@pytest.mark.parametrize("pieces", [1, 3])
def test_gates_stay_within_their_bounds(backend, pieces, dtype):
    """Also where they are 0 or 1 but for a rounding: a gate below 0 would turn its gradient around."""
    words, size = 5001, 8  # as many sentences of one word
    gates = np.repeat(np.linspace(-50, 50, words * size).reshape(words, 1, size), 4, axis=1).astype(dtype)
    gates = gates.reshape(words, 4 * size)
    h, c, tanh_c = (np.zeros((rows, size), dtype) for rows in (2 * words, 2 * words, words))
    u = np.zeros((4 * size, size), dtype)
    with in_pieces(pieces):
        get_backend(backend).lstm.forward(h, c, tanh_c, gates, u, np.array([words], np.int32))
    i, f, g, o = np.split(gates, 4, axis=1)
    for gate in (i, f, o):
        assert gate.min() >= 0 and gate.max() <= 1
    assert np.abs(g).max() <= 1 and np.abs(tanh_c).max() <= 1


def counted(backend, select, lengths):
    """(the Meter after one step of an LSTM that reads both ways; touched rows of its first direction)."""
    net, layer = lstm(backend, "float32", select=select, bidirectional=True)
    meter, loss = mbp.Meter(), mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype)
    x, dy = data(np.random.default_rng(2), lengths, "float32", 2 * H)
    with meter.attached(net, loss, mbp.SGD(net.parameters())):
        meter.start()
        net.forward(x, lengths=lengths)
        meter.mark("forward")
        net.backward(dy)
    return meter, layer.directions


@pytest.mark.parametrize("name", sorted(SELECTORS))
def test_a_step_counted_by_hand(name, backend):
    """Two sentences of three words and one: 3 steps, 4 words, of which 2 have one before them."""
    meter, directions = counted(backend, SELECTORS[name], [3, 1])
    batch, steps, words, sent, gates, q = 2, 3, 4, 2, 4 * H, 4 * 2
    u, w = gates * H, gates * N_IN
    wanted = {phase: np.zeros(2, int) for phase in ("forward", "select", "dw", "dx", "other")}

    def add(phase, ops, numbers, indices=0):
        wanted[phase] += ops, S * numbers + I * indices

    for d in directions:
        add("forward", words * N_IN, 2 * words * N_IN, words)  # x in the order of its time steps
        add("forward", words * w, words * (gates + N_IN) + w + gates)
        moved = 2 * words * gates + (steps - 1) * u + 2 * (batch + words) * H + words * H
        add("forward", sent * u + 8 * words * H, moved, steps)
        add("forward", words * H, 2 * words * H, words)  # y in the order of the batch
        add("other", words * H, 2 * words * H, words)  # dy in that of the time steps
        add("other", words * H, 2 * words * H, words)  # the states before
        add("other", 7 * words * H, 2 * words * gates + 3 * words * H, steps)
        add("other", words * gates, gates + words * gates)  # db
        if name == "dense":
            add("dx", sent * u, (steps - 1) * u + sent * (gates + H))
            add("dx", words * w, words * (N_IN + gates) + w)
            add("dw", words * (w + u), w + u + 2 * words * gates + words * (N_IN + H))
            continue
        r, lengths = len(d.u.grad.rows), np.array([len(units) for units in units_of(d)])
        pairs, to_u = int(lengths.sum()), int(lengths[batch:].sum())
        assert name in LISTS or (pairs, to_u) == (words * q, sent * q)
        terms = to_u * H + pairs * N_IN
        add("dx", terms, terms + to_u + pairs + sent * H + words * N_IN, to_u + pairs)
        if name in LISTS:
            add("dw", pairs, 2 * pairs, 2 * pairs + words + words + 1)  # lists moved together
        else:
            add("dw", pairs, 2 * pairs, pairs)  # picking
        add("dw", 2 * pairs, 2 * pairs, 2 * pairs + 2 * r + 1 + words + 1)  # turning the choice around
        for n in (N_IN, H):
            add("dw", pairs * n, r * n + pairs + pairs * n, r + 1 + pairs)
        if name == "topk":
            add("select", words * gates, words * gates, pairs)
        elif name == "unified":
            add("select", (words + steps) * gates, (words + 2 * steps) * gates, steps * q)
        elif name == "random":
            add("select", pairs, 2 * pairs, pairs)  # of float64
        else:
            draws = 0 if name == "signs" else 4 * (steps if "batch" in name else words)
            add("select", words * gates, words * gates + pairs + 2 * draws, pairs + words)
    add("other", 2 * words * N_IN, 5 * words * N_IN, 2 * words)  # dx: one direction written, one added to it
    assert {p: (meter.ops[p], meter.bytes[p]) for p in wanted} == {p: tuple(c) for p, c in wanted.items()}


def test_lengths_of_any_type_are_checked_by_the_layer_too(backend, rng):
    net, layer = lstm(backend)
    x, dy = data(rng, [2, 3], "float64")
    wanted = step(net, x, dy, [2, 3])[0]
    y, dx = layer.forward(x, lengths=np.array([2, 3])).copy(), layer.backward(dy).copy()
    for a, b in zip([y, dx, *map(full_gradient, net.parameters())], wanted):
        np.testing.assert_array_equal(a, b)
    refused(lambda: layer.forward(x, lengths=np.array([2, 4], np.int32)), "sum to 6", "5 rows")
