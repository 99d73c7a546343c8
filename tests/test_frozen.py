"""A frozen network answers as the network does, whatever its layers, and its kernel as the layers one by one."""

import naive
import numpy as np
import pytest
from helpers import close, refused, small_integers, unwritten

import minimalbp as mbp
from minimalbp.backend import get_backend
from minimalbp.frozen import FEW, SMALL
from minimalbp.simplify.compact import compact, hidden_layers

WORDS = get_backend("cpu").lstm.tagger.WORDS  # that go through the kernel together
NETWORKS = {
    "mlp": lambda: [mbp.Linear(7, 6), mbp.ReLU(), mbp.Linear(6, 9), mbp.ReLU(), mbp.Linear(9, 3)],
    "one layer": lambda: [mbp.Linear(7, 3)],
    "cube, no bias": lambda: [mbp.Linear(7, 5, bias=False), mbp.Cube(), mbp.Dropout(0.5), mbp.Linear(5, 1)],
    "ends in a function": lambda: [mbp.Linear(7, 5), mbp.Dropout(0.5), mbp.ReLU()],
    "two functions": lambda: [mbp.Linear(7, 5), mbp.Cube(), mbp.ReLU(), mbp.Linear(5, 4), mbp.Linear(4, 2)],
    "only the end": lambda: [mbp.Residual(mbp.Linear(7, 7), mbp.Tanh()), mbp.ReLU(), mbp.Linear(7, 4)],
    "nothing": lambda: [mbp.Linear(7, 5), mbp.Tanh()],
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("batch", [1, 2, 7, FEW, FEW + 1])
def test_answers_are_those_of_the_network(name, batch, backend, dtype, rng):
    net = mbp.Sequential(*NETWORKS[name](), backend=backend, dtype=dtype, rng=1)
    frozen = mbp.Frozen(net)
    for _ in range(2):
        x = rng.normal(size=(batch, 7))
        close(frozen(x), net(x), dtype)


def test_only_few_examples_take_the_quick_way(backend):
    for batch, quick in ((1, True), (FEW, True), (FEW + 1, False)):
        net = mbp.mlp([7, 5, 3], backend=backend)
        mbp.Frozen(net)(np.ones((batch, 7)))
        assert hasattr(net.linears()[0], "last_x") is not quick  # which a layer's own forward pass sets


def test_weights_are_those_of_the_moment_it_was_made(backend):
    net, x = mbp.mlp([7, 5, 3], backend=backend), np.ones((2, 7))
    frozen, before = mbp.Frozen(net), net(x)
    for p in net.parameters():
        p.value[...] = 1
    np.testing.assert_allclose(frozen(x), before, rtol=1e-5)
    np.testing.assert_allclose(mbp.Frozen(net)(x), net(x), rtol=1e-5)
    assert not np.allclose(before, net(x))


def tagger(size, *rest, bidirectional=False, **options):
    lstm = mbp.LSTM(11, size, bidirectional=bidirectional)
    layers = [mbp.Embedding([(9, 4, 2), (5, 3)], scale=1), mbp.Dropout(0.5), lstm, mbp.Dropout(0.5)]
    return mbp.Sequential(*layers, *(rest or [mbp.Linear(size, 3)]), rng=1, **options)


def words_of(rng, lengths):
    return rng.integers(0, 5, (sum(lengths), 3)).astype(np.int32)


SENTENCES = ([1], [4], [3, 1, 2], [1, 1, 1, 1, 1], [2, 7, 1, 4, 30, 3], [WORDS, 1, 2, WORDS + 1, 3, 1, 1, 5])


@pytest.mark.parametrize("lengths", SENTENCES, ids=lambda lengths: str(len(lengths)))
@pytest.mark.parametrize("size", [1, 5, 16, 19])
def test_a_small_tagger_is_one_call(size, lengths, backend, dtype, rng):
    """Gates of fewer and of more numbers than a tile is wide; fewer and more sentences than go side by side."""
    rest = mbp.Linear(size, 4), mbp.ReLU(), mbp.Linear(4, 3)
    net, x = tagger(size, *rest, backend=backend, dtype=dtype), words_of(rng, lengths)
    frozen = mbp.Frozen(net)
    assert frozen.quick(len(x))
    wanted = net(x, lengths)
    for threads in (1, 2):
        with net.be.threads(threads):
            close(frozen(x, lengths), wanted, dtype)
    if len(lengths) == 1:
        close(frozen(x), wanted, dtype)


def test_threads_share_the_sentences(monkeypatch, rng):
    """Of two threads each has some; an id outside its table is named wherever it stands, the first of them."""
    net, lengths = tagger(5), [3, 1, 4, 2, 6]
    monkeypatch.setattr("minimalbp.kernels.cpu.policy.PIECE", 1)
    frozen, x = mbp.Frozen(net), words_of(rng, lengths)
    with net.be.threads(2):
        close(frozen(x, lengths), net(x, lengths), "float32")
        for row in (15, 9, 2):
            x[row, 1] = 9
            refused(lambda: frozen(x, lengths), f"id 9 in row {row}, column 1 is outside 0..8")


def test_only_a_small_lstm_of_one_direction_is_taken(monkeypatch, backend, rng):
    lengths = [FEW, 3]
    x = words_of(rng, lengths)
    for quick, net in (
        (True, tagger(5, backend=backend)),
        (False, tagger(5, mbp.Linear(10, 3), bidirectional=True, backend=backend)),
        (False, tagger(5, mbp.Linear(5, 3), mbp.Tanh(), backend=backend)),
    ):
        frozen = mbp.Frozen(net)
        assert frozen.quick(len(x)) is quick
        close(frozen(x, lengths), net(x, lengths), "float32")
        close(frozen(x[:3], [1, 2]), net(x[:3], [1, 2]), "float32")
    net = tagger(5, backend=backend)
    monkeypatch.setattr("minimalbp.frozen.SMALL", 4 * 5 * 5 * 4 - 1)
    assert not mbp.Frozen(net).quick(len(x))


def test_limits_are_those_of_the_kernels():
    cpu = get_backend("cpu")
    assert cpu.linear.SMALL_BATCH == FEW and cpu.lstm.SMALL == SMALL


def test_gates_that_lost_entries_answer_by_themselves(backend, rng):
    net, lengths = tagger(5, backend=backend), [FEW, 3]
    x, (hidden, *_) = words_of(rng, lengths), hidden_layers(net)
    left = hidden.layer.there()
    left[0, 1, 2] = False
    compact(net, None, [(hidden, left)])
    assert hidden.layer.ragged and not mbp.Frozen(net).quick(len(x))
    close(mbp.Frozen(net)(x, lengths), net(x, lengths), "float32")


def test_a_tagger_refuses_what_does_not_fit(backend, rng):
    net = tagger(5, backend=backend)
    frozen, x = mbp.Frozen(net), words_of(rng, [4])
    refused(lambda: frozen(x, [3]), "sum to 3", "4 rows")
    refused(lambda: frozen(x, [4, 0]), "sentence 1 has the length 0")
    refused(lambda: frozen(x, [2.0, 2.0]), "whole numbers")
    refused(lambda: frozen(x, [[4]]), "one for each sentence")
    refused(lambda: frozen.forward(x[:, :2]), "3", "2")
    before = frozen(x)
    for p in net.parameters():
        p.value[...] = 1
    assert (frozen(x) == before).all(), "the weights of the moment it was made"


def test_the_tagger_of_the_kernels_is_its_parts_one_by_one(be, dtype, rng):
    table, (w, u, b) = rng.normal(size=(6, 3)), (rng.normal(size=s) for s in ((20, 3), (20, 5), 20))
    last, start, ids = (
        rng.normal(size=(2, 6)),
        np.array([0, 4, 5], np.int32),
        np.array([[5], [0], [3], [1], [2]]),
    )
    wanted = []
    for first, end in ((0, 4), (4, 5)):
        tape = naive.lstm(table[ids[first:end, 0]].tolist(), w.tolist(), u.tolist(), b.tolist())
        wanted += naive.forward([step[-1] for step in tape], last[:, :5].tolist(), last[:, 5].tolist())
    y, layers = unwritten((5, 2), dtype), np.array([(5, 2, 0)], np.int32)
    table, w, u, b, weights = (
        np.ascontiguousarray(a, dtype)
        for a in (table, w.T, u.T, b, np.append(last[:, :5].ravel(), last[:, 5]))
    )
    arguments = ids.astype(np.int32), (table,), np.zeros((1, 2), np.int32), start, w, u, b, weights, layers
    assert be.lstm.chain(y, *arguments) == -1
    close(y, wanted, dtype)


@pytest.mark.parametrize("batch", [1, 3, FEW, FEW + 1])
def test_look_ups_belong_to_the_call(batch, backend, dtype, rng):
    layers = [mbp.Embedding([(9, 4, 2), (5, 3)], scale=1), mbp.Dropout(0.5), mbp.Linear(11, 6), mbp.Cube(),
              mbp.Linear(6, 3)]  # fmt: skip
    net = mbp.Sequential(*layers, backend=backend, dtype=dtype, rng=1)
    frozen = mbp.Frozen(net)
    for _ in range(2):
        x = rng.integers(0, 5, (batch, 3))
        close(frozen(x), net(x), dtype)
    before = frozen(x)
    net.parameters()[0].value[...] = 0
    if batch <= FEW:
        assert (frozen(x) == before).all(), "the tables of the moment it was made"
    for bad, said in ((-1, "id -1 in row 0, column 2 is outside 0..4"), (9, "id 9 in row 0, column 2")):
        x[0, 2] = bad
        refused(lambda x=x: frozen.forward(x.astype(np.int32)), said)
    refused(lambda: frozen.forward(x.astype(np.int32)[:, :2]), "3", "2")


def test_it_refuses_what_the_network_refuses(backend):
    net = mbp.mlp([7, 5, 3], backend=backend)
    refused(lambda: mbp.Frozen(net)(np.ones((2, 6))), "7 inputs")
    refused(lambda: mbp.Frozen(net).forward(np.ones((2, 6), np.float32)), "(batch, 7)", "(2, 6)")
    refused(lambda: mbp.Frozen(net).forward(np.ones((2, 1, 7), np.float32)), "(batch, 7)", "(2, 1, 7)")


@pytest.mark.parametrize("functions", [(0,), (1,), (2,), (1, 0), (2, 1), (1, 1, 2, 0)], ids=str)
@pytest.mark.parametrize("batch", [1, 4, 5, 6])
def test_the_kernel_is_the_layers_one_by_one(functions, batch, be, dtype, rng):
    widths = [3, 5, 1, 4, 6][: len(functions) + 1]
    x = small_integers(rng, (batch, widths[0]), dtype)
    wanted, weights, layers = x.tolist(), [], []
    for n_in, n_out, f in zip(widths, widths[1:], functions):
        w, b = small_integers(rng, (n_out, n_in), dtype) // 2, small_integers(rng, n_out, dtype)
        wanted = naive.forward(wanted, w.tolist(), b.tolist())
        wanted = [[(v, max(v, 0), v**3)[f] for v in row] for row in wanted]
        weights += [w.ravel(), b]
        layers.append((n_in, n_out, f))
    y, work = unwritten((batch, widths[-1]), dtype), unwritten((2, batch * max(widths[1:])), dtype)
    be.linear.chain(y, x, np.concatenate(weights), np.array(layers, np.int32), work)
    np.testing.assert_allclose(y, wanted, rtol=1e-6 if dtype == "float32" else 0)


def test_nan_travels_through_the_kernel(be, dtype, quiet):
    y, work, layers = unwritten((1, 1), dtype), unwritten((2, 1), dtype), np.array([(1, 1, 1)], np.int32)
    be.linear.chain(y, np.full((1, 1), np.nan, dtype), np.ones(2, dtype), layers, work)
    assert np.isnan(y).all()


@pytest.mark.parametrize(
    "net, x, lengths, wanted, moved",
    [
        (mbp.mlp, np.ones((2, 7)), None, 2 * (7 * 5 + 5 * 3 + 5), 0),
        (tagger, np.ones((9, 3)), [2, 6, 1], 9 * (11 + 11 * 20 + 8 * 5 + 5 * 3) + 6 * 5 * 20, 9 * (11 + 5)),
    ],
)
def test_operations_are_those_of_the_layers(net, x, lengths, wanted, moved, backend):
    net, counted = net([7, 5, 3] if net is mbp.mlp else 5, backend=backend), []
    frozen = mbp.Frozen(net)
    x = net.prepare(x.astype(np.int32) if lengths else x)
    for forward in (
        lambda: net.forward(x, train=False, lengths=lengths),
        lambda: frozen.forward(x, lengths=lengths),
    ):
        meter = mbp.Meter()
        with meter.attached(
            net, mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype), mbp.SGD(net.parameters())
        ):
            meter.start()
            forward()
        counted.append(meter.ops["forward"] + meter.ops["other"])
    # layer by layer words are put in the order of time steps and back
    assert counted == [wanted + moved, wanted]
