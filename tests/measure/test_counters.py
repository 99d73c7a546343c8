"""Invariant 7: a whole training step of 7-5-3, counted by hand, is what the Meter says on every backend."""

import numpy as np
import pytest
from helpers import clusters

import minimalbp as mbp
from minimalbp.measure import PHASES
from minimalbp.measure import meter as meter_module
from minimalbp.train.step import train_step

B, N_IN, H, N_OUT, K = 4, 7, 5, 3, 2  # batch, widths, k
S, I = 4, 4  # bytes of a float32 and of an int32  # noqa: E741
SELECTORS = {
    "dense": mbp.Dense(),
    "topk": mbp.TopK(K),
    "unified": mbp.UnifiedTopK(K),
    "random": mbp.RandomK(K),
    "scaled": mbp.RandomK(K, scaled=True),
}
OPTIMIZERS = {  # name: (made, operations of an entry, moments, whether rows without gradient are visited)
    "sgd": (lambda p: mbp.SGD(p, lr=0.1), 1, 0, False),
    "momentum": (lambda p: mbp.SGD(p, lr=0.1, momentum=0.9), 2, 1, True),
    "adagrad": (lambda p: mbp.AdaGrad(p), 4, 1, False),
    "adam": (lambda p: mbp.Adam(p), 8, 2, True),
    "adam chosen": (lambda p: mbp.Adam(p, rows="chosen"), 8, 2, False),
}


def measured(backend, select, bias_rows, optimizer="sgd"):
    """(the Meter after one step, how many hidden units got a gradient)."""
    hidden = mbp.Linear(N_IN, H, select=select, bias_rows=bias_rows)
    net = mbp.Sequential(hidden, mbp.ReLU(), mbp.Linear(H, N_OUT), rng=1, backend=backend)
    loss, optimizer = (
        mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype),
        OPTIMIZERS[optimizer][0](net.parameters()),
    )
    x = np.random.default_rng(2).normal(size=(B, N_IN)).astype(np.float32)
    labels = np.arange(B, dtype=np.int32) % N_OUT
    meter = mbp.Meter()
    with meter.attached(net, loss, optimizer):
        meter.start()
        train_step(net, loss, optimizer, x, labels, meter.mark)
    rows = hidden.weight.grad.rows
    return meter, H if rows is None else len(rows)


def update(entries, given, rows, per_entry, moments):
    """(ops, bytes) of one update: weights and moments are read and written, gradients and their rows read."""
    return per_entry * entries, (2 * (1 + moments) * entries + given) * S + rows * I


def by_hand(name, bias_rows, r, per_entry, moments, everywhere):
    """{phase: (ops, bytes)}. `r`: rows of the hidden layer with a gradient; pairs: (example, unit) chosen."""
    pairs = B * K
    lists = (r + 1 + pairs) * I + pairs * S  # start, example, value
    forward = (
        B * N_IN * H + B * H + B * H * N_OUT,
        S * ((B * H + B * N_IN + N_IN * H + H) + 2 * B * H + (B * N_OUT + B * H + H * N_OUT + N_OUT)),
    )
    pick = np.array((pairs, 2 * pairs * S + pairs * I))
    invert = np.array((2 * pairs, 2 * pairs * I + 2 * pairs * S + (2 * r + 1 + B + 1) * I))
    select = {
        "dense": (0, 0),
        "unified": (B * H + H, (H + B * H) * S + K * I + H * S),
        "topk": (B * H, B * H * S + pairs * I),
        "random": (pairs, pairs * 8 + pairs * I),
    }["random" if name == "scaled" else name]
    dw_out = np.array((B * H * N_OUT, S * (H * N_OUT + B * N_OUT + B * H)))
    dw_hidden = {
        "dense": (B * N_IN * H, S * (N_IN * H + B * H + B * N_IN)),
        "unified": np.add((pairs, 2 * pairs * S + K * I), (B * K * N_IN, S * (K * N_IN + B * N_IN + B * K))),
    }.get(name, pick + invert + (pairs * N_IN, S * r * N_IN + lists + S * pairs * N_IN))
    dx = (B * H * N_OUT, S * (B * H + B * N_OUT + H * N_OUT))  # of the output layer alone
    db_hidden = {
        "all": (B * H, S * (H + B * H)),
        "unified": (B * K, S * (K + B * K)),
    }.get("all" if bias_rows == "all" or name == "dense" else name, (pairs, S * (r + pairs) + (r + 1) * I))
    scale = (pairs, 2 * pairs * S) if name == "scaled" else (0, 0)
    loss = (4 * B * N_OUT, S * (B + 2 * B * N_OUT) + B * I)
    db_out, relu = (B * N_OUT, S * (N_OUT + B * N_OUT)), (B * H, 3 * B * H * S)
    weight = (H if everywhere else r) * N_IN
    sparse_bias = bias_rows == "chosen" and name != "dense"
    bias = r if sparse_bias and not everywhere else H
    updates = [
        update(weight, r * N_IN, r, per_entry, moments),
        update(bias, r if sparse_bias else H, r if sparse_bias else 1, per_entry, moments),
        update(H * N_OUT, H * N_OUT, N_OUT, per_entry, moments),
        update(N_OUT, N_OUT, 1, per_entry, moments),
    ]
    parts = (forward, select, dw_out + dw_hidden, dx, np.sum([loss, db_out, relu, db_hidden, scale], axis=0))
    return {phase: tuple(map(int, c)) for phase, c in zip(PHASES, [*parts, np.sum(updates, axis=0)])}


@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
@pytest.mark.parametrize("bias_rows", ["all", "chosen"])
@pytest.mark.parametrize("name", sorted(SELECTORS))
def test_a_step_counted_by_hand(name, bias_rows, optimizer, backend):
    meter, r = measured(backend, SELECTORS[name], bias_rows, optimizer)
    found = {phase: (meter.ops[phase], meter.bytes[phase]) for phase in PHASES}
    assert all(type(n) is int for pair in found.values() for n in pair)
    assert found == by_hand(name, bias_rows, r, *OPTIMIZERS[optimizer][1:])


@pytest.mark.parametrize("center", ["off", "dw", "forward"])
@pytest.mark.parametrize(
    "select, draws",
    [
        (mbp.Systematic(K), B),
        (mbp.Systematic(K, over="batch"), 1),
        (mbp.Threshold(K), B),
        (mbp.Signs(3), 0),
        (mbp.TopK(K, over="batch"), 0),
        (mbp.BottomK(K), 0),
    ],
    ids=str,
)
def test_lists_and_centring_counted_by_hand(select, draws, center, backend):
    """Of one layer: n pairs of an example and a unit, r units."""
    layer = mbp.Linear(N_IN, H, select=select, center=center, bias_rows="chosen")
    net = mbp.Sequential(layer, rng=1, backend=backend)
    x, dy = (np.random.default_rng(2).normal(size=(B, n)).astype(np.float32) for n in (N_IN, H))
    meter, loss = mbp.Meter(), mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype)
    net.forward(x)
    net.backward(dy)  # the mean of a first batch takes a pass of its own
    with meter.attached(net, loss, mbp.SGD(net.parameters())):
        meter.start()
        net.forward(x)
        meter.mark("forward")
        net.backward(dy)
    n, r = int(layer.last_choice.start[-1]), len(layer.weight.grad.rows)
    wanted = {
        "forward": (B * N_IN * H, S * (B * H + B * N_IN + N_IN * H + H)),
        "select": (B * H, S * (B * H + n) + I * (B + 1 + n) + 8 * draws),
        "dw": (
            2 * n + n * N_IN,
            2 * n * (S + I) + I * (2 * r + B + 2) + S * (r * N_IN + n + n * N_IN) + I * (r + 1 + n),
        ),
        "dx": (n * N_IN, S * (B * N_IN + n + n * N_IN) + I * (B + 1 + n)),
        "other": (n, S * (r + n) + I * (r + 1)),
    }
    if center != "off":
        phase = {"dw": "dw", "forward": "forward"}[center]
        wanted[phase] = tuple(np.add(wanted[phase], (2 * B * N_IN, S * (2 * B * N_IN + 2 * N_IN))).tolist())
    assert {phase: (meter.ops[phase], meter.bytes[phase]) for phase in wanted} == wanted


def test_counts_are_equal_on_every_backend():
    """Also of the kernels that 7-5-3 does not use: every activation, dropout, a residual, clipping by norm."""
    found = []
    for backend in ("reference", "cpu"):
        inner = [mbp.Linear(5, 5, select=mbp.UnifiedTopK(2)), mbp.Sigmoid(), mbp.Cube()]
        layers = [mbp.Linear(7, 5), mbp.Tanh(), mbp.Dropout(0.2), mbp.Residual(*inner), mbp.Linear(5, 3)]
        net = mbp.Sequential(*layers, backend=backend)
        meter, optimizer = mbp.Meter(), mbp.SGD(net.parameters(), lr=0.01, clip_norm=1)
        mbp.fit(net, clusters(), optimizer, epochs=1, batch_size=7, meter=meter, threads=1)
        found.append((meter.ops, meter.bytes, meter.steps))
    assert found[0] == found[1]
    assert all(found[0][0].values())


def test_dx_of_sparse_layers(backend):
    """dx is the layer's own choice: k rows of W for each example, or r rows once."""
    for select, moved in (
        (mbp.TopK(K), S * B * N_IN + I * (B * K + B + 1) + S * B * K * (N_IN + 1)),
        (mbp.UnifiedTopK(K), S * B * N_IN + I * K + S * K * (B + N_IN)),
    ):
        net = mbp.Sequential(mbp.Linear(N_IN, H, select=select), backend=backend)
        meter, loss = mbp.Meter(), mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype)
        with meter.attached(net, loss, mbp.SGD(net.parameters())):
            meter.start()
            net.forward(np.ones((B, N_IN), np.float32))
            meter.mark("forward")
            net.backward(np.ones((B, H), np.float32))
        assert (meter.ops["dx"], meter.bytes["dx"]) == (B * K * N_IN, moved)


def test_evaluation_is_not_counted(backend):
    """60 examples in batches of 4: 15 equal steps per epoch, however often the dev set is evaluated."""
    one, _ = measured(backend, mbp.Dense(), "all")
    for evals in (1, 15):
        net = mbp.mlp([N_IN, H, N_OUT], backend=backend)
        meter = mbp.Meter()
        mbp.fit(net, clusters(), mbp.SGD(net.parameters()), epochs=2, batch_size=B, meter=meter,
                evals_per_epoch=evals, threads=1)  # fmt: skip
        assert meter.steps == 30
        assert meter.ops == {phase: 30 * n for phase, n in one.ops.items()}
        assert meter.bytes == {phase: 30 * n for phase, n in one.bytes.items()}


def test_an_evaluation_in_the_middle_of_a_step_is_put_aside(monkeypatch):
    net = mbp.mlp([N_IN, H, N_OUT], backend="reference")
    loss, sgd = mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype), mbp.SGD(net.parameters())
    x, labels = np.ones((B, N_IN), np.float32), np.zeros(B, np.int32)
    clock = [0.0]
    monkeypatch.setattr(meter_module.time, "perf_counter", lambda: clock[0])
    found = []
    for evaluates in (False, True):
        meter = mbp.Meter()

        def between(meter=meter, evaluates=evaluates):
            clock[0] += 1
            if evaluates:
                with meter.aside():
                    net.forward(x, train=False)
                    clock[0] += 100

        with meter.attached(net, loss, sgd):
            meter.start()
            train_step(net, loss, sgd, x, labels, meter.mark, before_backward=between)
        found.append((meter.ops, meter.seconds))
    assert found[0] == found[1] and found[1][1]["forward"] == 1


def test_a_meter_lets_go(backend):
    net = mbp.mlp([7, 5, 3], backend=backend)
    loss, optimizer = mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype), mbp.SGD(net.parameters())
    be, meter = net.be, mbp.Meter()
    with pytest.raises(KeyError), meter.attached(net, loss, optimizer):
        assert net.be is not be and net.children[0].be is net.be
        raise KeyError
    for owner in (*net.layers(), loss, optimizer):
        assert owner.be is be
    meter.start()
    net.forward(np.ones((2, 7), np.float32))
    assert not any(meter.ops.values())


def test_a_cleared_meter_knows_nothing_of_the_calls_before(backend):
    """Nor of those that it had not counted yet."""
    net, meter = mbp.mlp([N_IN, H, N_OUT], backend=backend), mbp.Meter()
    with meter.attached(net, mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype), mbp.SGD(net.parameters())):
        for _ in range(2):
            meter.clear()
            meter.start()
            net.forward(np.ones((B, N_IN), np.float32))
            meter.mark("forward")
            net.backward(np.ones((B, N_OUT), np.float32))
            meter.mark("backward")
    assert meter.ops["dx"] == B * H * N_OUT + B * N_IN * H


def test_seconds_add_up_to_the_whole_step(backend, monkeypatch):
    """On a clock that advances a second whenever it is read: all but the counting itself belongs to a phase."""
    ticks = []

    def clock():
        ticks.append(None)
        return float(len(ticks))

    monkeypatch.setattr(meter_module.time, "perf_counter", clock)
    meter, _ = measured(backend, mbp.TopK(K), "all")
    kernels = {"forward": 3, "select": 1, "dw": 4, "dx": 1, "other": 4, "update": 4}
    first = 12  # different kernels: each is timed at its first call, and asked for its phase
    assert len(ticks) == 1 + 3 * first + 4  # start; before, after, asking; three marks and one counting
    for phase in ("select", "dw", "dx"):
        assert meter.seconds[phase] == kernels[phase]
    assert sum(meter.seconds.values()) == len(ticks) - 1 - first - 1
    totals = meter.totals()
    assert totals["seconds"]["total"] == sum(meter.seconds.values())
    for what in ("seconds", "ops", "bytes"):
        assert list(totals[what]) == [*PHASES, "total"]
        assert totals[what]["total"] == sum(getattr(meter, what).values())


def test_a_meter_goes_on_from_its_state(backend):
    meter, _ = measured(backend, mbp.TopK(K), "all")
    other = mbp.Meter()
    other.restore(meter.state())
    assert other.totals() == meter.totals() and other.steps == 1
