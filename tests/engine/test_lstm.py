"""The LSTM against PyTorch's and against the oracle: forward, dense and sparse back propagation through time."""

import naive
import numpy as np
import pytest
from helpers import close, full_gradient, refused
from lstms import LENGTHS, LISTS, N_IN, H, data, lstm

import minimalbp as mbp
from minimalbp.select import Lists, masked

SELECTORS = {
    "topk": lambda k: mbp.TopK(k),
    "unified": lambda k: mbp.UnifiedTopK(k),
    "unified l2": lambda k: mbp.UnifiedTopK(k, score="l2"),
    "random": lambda k: mbp.RandomK(k),
    "random scaled": lambda k: mbp.RandomK(k, scaled=True),
}
SELECTORS |= LISTS


@pytest.fixture(params=sorted(LENGTHS))
def lengths(request):
    return LENGTHS[request.param]


def sentences(lengths):
    """The rows of each sentence."""
    ends = np.cumsum(lengths)
    return [slice(int(end - n), int(end)) for end, n in zip(ends, lengths)]


def kept_of(direction, order, words):
    """kept[row of the batch][entry]: whether a direction chose it or, in lists, the multiple of it that goes on."""
    choice, shape = direction.last_choice, (words, 4 * direction.hidden)
    kept = np.ones(shape, bool)
    if isinstance(choice, Lists):
        dgates, left = direction.buf.get("dgates", shape), masked(choice, choice.value, shape)
        kept = np.zeros(shape, dgates.dtype)
        kept[order] = np.divide(left, dgates, where=left != 0, out=np.zeros_like(dgates))
    elif choice is not None:
        kept[:] = False
        for row, units in zip(order, choice):
            kept[row, units] = True
    return kept


def orders(lengths):
    """Where the row of each time step stands in the batch, reading forward and from each sentence's end."""
    parts = sentences(lengths)
    longest = sorted(range(len(lengths)), key=lambda s: -lengths[s])
    steps = [(t, s) for t in range(max(lengths)) for s in longest if t < lengths[s]]
    return [parts[s].start + t for t, s in steps], [parts[s].stop - 1 - t for t, s in steps]


def expected(direction, x, dy, lengths, kept, turn, scale=1.0):
    """(h, dx, dw, du, dgates) of a direction, sentence by sentence from the oracle."""
    w, u, b = (p.value.tolist() for p in (direction.w, direction.u, direction.b))
    h, dx = np.zeros((len(x), direction.hidden)), np.zeros(x.shape)
    dgates = np.zeros((len(x), 4 * direction.hidden))
    dw, du = np.zeros(direction.w.value.shape), np.zeros(direction.u.value.shape)
    for part in sentences(lengths):
        rows = np.arange(len(x))[part][:: -1 if turn else 1]
        tape = naive.lstm(x[rows].tolist(), w, u, b)
        h[rows] = [word[-1] for word in tape]
        dx[rows], more_dw, more_du, dgates[rows] = naive.lstm_backward(
            tape, dy[rows].tolist(), w, u, kept[rows].tolist(), scale
        )
        dw += more_dw
        du += more_du
    return h, dx, dw, du, dgates


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("name", ["dense", *sorted(SELECTORS)])
def test_equals_the_oracle_with_the_same_choice(name, bidirectional, lengths, backend, dtype, rng):
    for gates, k in (("each", 2), ("all", 7)):
        select = SELECTORS.get(name, lambda k: None)(k)
        net, layer = lstm(backend, dtype, select=select, gates=gates, bidirectional=bidirectional)
        x, dy = data(rng, lengths, dtype, H * (1 + bidirectional))
        y, dx = net.forward(x, lengths=lengths).copy(), net.backward(dy)
        scale = (H if gates == "each" else 4 * H) / k if name == "random scaled" else 1.0
        wanted_dx = 0
        for i, (d, order) in enumerate(zip(layer.directions, orders(lengths))):
            mine = slice(i * H, (i + 1) * H)
            kept = kept_of(d, order, len(x))
            if name not in LISTS:
                n = 4 * H if name == "dense" else 4 * k if gates == "each" else k
                assert (kept.sum(axis=1) == n).all()
                assert gates == "all" or name == "dense" or (kept.reshape(-1, 4, H).sum(axis=2) == k).all()
            h, more_dx, dw, du, dgates = expected(d, x, dy[:, mine], lengths, kept, i, scale)
            wanted_dx = wanted_dx + more_dx
            close(y[:, mine], h, dtype)
            close(full_gradient(d.w), dw, dtype)
            close(full_gradient(d.u), du, dtype)
            close(full_gradient(d.b), dgates.sum(axis=0), dtype)
            if name != "dense":
                rows = np.flatnonzero(kept.any(axis=0)).tolist()
                assert d.w.grad.rows.tolist() == d.u.grad.rows.tolist() == rows
                assert d.w.grad.rows.dtype == np.int32
                close(masked(d.last_choice, d.last_picked, kept.shape), (dgates * kept)[order] * scale, dtype)
        close(dx, wanted_dx, dtype)


@pytest.mark.parametrize("gates", ["each", "all"])
def test_the_choice_is_that_of_the_largest(gates, lengths, backend, rng):
    """Top-k for each word; unified: the same at each time step for all sentences, by Σ |dgates|."""
    k, groups = (2, 4) if gates == "each" else (7, 1)
    for select in (mbp.TopK(k), mbp.UnifiedTopK(k)):
        net, layer = lstm(backend, select=select, gates=gates)
        x, dy = data(rng, lengths, "float64")
        net.forward(x, lengths=lengths)
        net.backward(dy)
        d, order = layer.directions[0], orders(lengths)[0]
        *_, dgates = expected(d, x, dy, lengths, kept_of(d, order, len(x)), 0)
        dgates, width, first = dgates[order], 4 * H // groups, 0
        for n in [sum(n > t for n in lengths) for t in range(max(lengths))]:
            now = dgates[first : first + n]
            scored = now if isinstance(select, mbp.TopK) else [np.abs(now).sum(axis=0)] * n
            for row, score in zip(d.last_choice[first : first + n], scored):
                parts = [naive.top_k(score[g * width : (g + 1) * width].tolist(), k) for g in range(groups)]
                assert row.tolist() == [g * width + unit for g, part in enumerate(parts) for unit in part]
            first += n


@pytest.mark.parametrize("bidirectional", [False, True])
def test_forward_and_gradients_are_those_of_pytorch(bidirectional, lengths, backend, dtype, rng):
    torch = pytest.importorskip("torch", reason="PyTorch is a peer to compare with, not a dependency")
    net, _ = lstm(backend, dtype, bidirectional=bidirectional)
    x, dy = data(rng, lengths, dtype, H * (1 + bidirectional))
    y, dx = net.forward(x, lengths=lengths).copy(), net.backward(dy)
    peer = torch.nn.LSTM(N_IN, H, bidirectional=bidirectional).to(getattr(torch, dtype))
    theirs = dict(peer.named_parameters())
    names = {p.name.removeprefix("0."): p for p in net.parameters()}
    assert set(theirs) - set(names) == {n for n in theirs if n.startswith("bias_hh")}
    with torch.no_grad():
        for name, q in theirs.items():
            q.copy_(torch.from_numpy(names[name].value)) if name in names else q.zero_()
    inputs = torch.from_numpy(x.copy()).requires_grad_()
    packed = torch.nn.utils.rnn.pack_sequence([inputs[s] for s in sentences(lengths)], enforce_sorted=False)
    padded, _ = torch.nn.utils.rnn.pad_packed_sequence(peer(packed)[0])
    outputs = torch.cat([padded[:n, s] for s, n in enumerate(lengths)])
    outputs.backward(torch.from_numpy(dy))
    close(y, outputs.detach().numpy(), dtype)
    close(dx, inputs.grad.numpy(), dtype)
    for name, p in names.items():
        close(p.grad.values, theirs[name].grad.numpy(), dtype)


@pytest.mark.parametrize("name", ["dense", "topk"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_packed_batch_is_its_sentences_one_by_one(name, bidirectional, backend, dtype, rng):
    lengths = LENGTHS["several"]
    select = SELECTORS.get(name, lambda k: None)(2)
    net, _ = lstm(backend, dtype, select=select, bidirectional=bidirectional)
    x, dy = data(rng, lengths, dtype, H * (1 + bidirectional))
    y, dx = net.forward(x, lengths=lengths).copy(), net.backward(dy).copy()
    together = [full_gradient(p) for p in net.parameters()]
    alone = [0] * len(together)
    for part in sentences(lengths):
        close(net.forward(x[part]), y[part], dtype)
        close(net.backward(dy[part]), dx[part], dtype)
        alone = [a + full_gradient(p) for a, p in zip(alone, net.parameters())]
    for a, b in zip(together, alone):
        close(a, b, dtype)


def test_k_of_all_units_is_dense_bit_for_bit(backend, dtype, rng):
    x, dy = data(rng, [4, 2], dtype)
    found = []
    for gates, select in (("each", None), ("each", mbp.TopK(H)), ("all", mbp.UnifiedTopK(4 * H)),
                          ("all", mbp.RandomK(ratio=1.0, scaled=True)), ("each", mbp.TopK(99)),
                          ("each", mbp.Systematic(H)), ("all", mbp.Signs(ratio=1.0))):  # fmt: skip
        net, layer = lstm(backend, dtype, select=select, gates=gates)
        net.forward(x, lengths=[4, 2])
        dx = net.backward(dy)
        assert layer.directions[0].last_choice is None
        assert all(p.grad.rows is None for p in net.parameters())
        found.append([dx.tobytes(), *(p.grad.values.tobytes() for p in net.parameters())])
    assert all(f == found[0] for f in found)


@pytest.mark.parametrize("name", ["dense", *sorted(SELECTORS)])
def test_gradients_do_not_depend_on_whether_dx_is_wanted(name, backend, rng):
    x, dy = data(rng, [4, 2], "float64", 2 * H)
    found = []
    for need_dx in (True, False):
        select = SELECTORS.get(name, lambda k: None)(2)
        net, _ = lstm(backend, select=select, bidirectional=True, bias_rows="chosen")
        net.forward(x, lengths=[4, 2])
        assert (net.backward(dy, need_dx=need_dx) is None) == (not need_dx)
        found.append([full_gradient(p).tobytes() for p in net.parameters()])
    assert found[0] == found[1]


@pytest.mark.parametrize("select", [mbp.TopK(2), mbp.Systematic(2)], ids=str)
def test_bias_of_the_chosen_units_only(select, backend, dtype, rng):
    net, layer = lstm(backend, dtype, select=select, bias_rows="chosen")
    x, dy = data(rng, [4, 2], dtype)
    net.forward(x, lengths=[4, 2])
    net.backward(dy)
    (d,) = layer.directions
    close(full_gradient(d.b), masked(d.last_choice, d.last_picked, (6, 4 * H)).sum(axis=0), dtype)
    assert d.b.grad.rows.tolist() == d.u.grad.rows.tolist()


def test_rows_not_chosen_are_left_alone(backend, rng):
    for make in (lambda p: mbp.SGD(p), lambda p: mbp.Adam(p, rows="chosen", weight_decay=0.1)):
        net, layer = lstm(backend, select=mbp.TopK(1), bias_rows="chosen")
        optimizer, before = make(net.parameters()), [p.value.copy() for p in net.parameters()]
        x, dy = data(rng, [3], "float64")
        net.forward(x)
        net.backward(dy)
        optimizer.step()
        rows = layer.directions[0].u.grad.rows
        others = np.setdiff1d(np.arange(4 * H), rows)
        assert len(others) >= 4 * H - 12
        for p, was in zip(net.parameters(), before):
            assert p.value[others].tobytes() == was[others].tobytes()
            assert (p.value[rows] != was[rows]).any()


def test_where_the_weights_start():
    layer = mbp.LSTM(40, 60, bidirectional=True, forget_bias=0.5)
    net = mbp.Sequential(layer, rng=3)
    assert [p.name for p in net.parameters()] == [
        f"0.{name}_l0{end}" for end in ("", "_reverse") for name in ("weight_ih", "weight_hh", "bias_ih")
    ]
    for d in layer.directions:
        assert d.b.value.reshape(4, 60).tolist() == [[v] * 60 for v in (0, 0.5, 0, 0)]
        for p, n in ((d.w, 40), (d.u, 60)):
            assert p.value.shape == (240, n) and np.abs(p.value).max() <= np.sqrt(6 / (60 + n))
            assert len(np.unique(p.value)) > 0.99 * p.value.size
    assert mbp.Sequential(mbp.LSTM(2, 3)).parameters()[2].value[3:6].tolist() == [1, 1, 1]


def test_what_is_refused(backend):
    refused(lambda: mbp.LSTM(0, 3), "n_in")
    refused(lambda: mbp.LSTM(3, 2, select=mbp.TopK), "TopK", "Dense()", "Systematic")
    refused(lambda: mbp.LSTM(3, 2, gates="eahc"), "did you mean 'each'")
    refused(lambda: mbp.LSTM(3, 2, bias_rows="al"), "did you mean 'all'")
    refused(lambda: mbp.LSTM(3, 2, forget_bias=float("nan")), "forget_bias")
    refused(lambda: mbp.Sequential(mbp.Linear(3, 4), mbp.LSTM(5, 2)), "layer 1", "5 inputs", "4")
    net, _ = lstm(backend)
    x = np.ones((4, N_IN))
    for bad, *words in (
        ([2, 1], "sum to 3", "4 rows"), ([4, 0], "sentence 1", "length 0"), ([5, -1], "sentence 1", "length -1"),
        ([2.0, 2.0], "whole numbers"), ([[4]], "whole numbers"), ([], "whole numbers"), (4, "whole numbers"),
    ):  # fmt: skip
        refused(lambda bad=bad: net.forward(x, lengths=bad), *words)
    refused(lambda: net(np.ones((4, N_IN + 1))), "takes 3 inputs")
    refused(lambda: net(np.ones((0, N_IN))), "(0, 3)")
    refused(lambda: net(np.ones((2, 2, N_IN))), "(2, 2, 3)")


def test_a_clipped_k_is_noted():
    net = mbp.Sequential(mbp.LSTM(3, 5, select=mbp.TopK(6)), mbp.LSTM(5, 4, select=mbp.TopK(6), gates="all"))
    (note,) = net.notes()
    assert "k = 6" in note and "layer 0" in note and "5 units" in note
    assert net.describe()["layers"][1] == {"layer": "LSTM", "n_in": 5, "hidden": 4}
    assert mbp.LSTM(3, 5, bidirectional=True).describe()["bidirectional"] is True
