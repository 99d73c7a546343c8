"""Invariant 6: the same seed, backend and threads give the same bits; every purpose has a stream of its own."""

import sys

import numba
import numpy as np
import pytest
from helpers import assert_same, clusters, parameters, refused
from threadpoolctl import threadpool_info, threadpool_limits

import minimalbp as mbp
from minimalbp.backend import check_threads, cores, get_backend
from minimalbp.seeds import PURPOSES, Streams

JIT = not numba.config.DISABLE_JIT
two_cores = pytest.mark.skipif(cores() < 2, reason="needs two cores")


def train(backend, dtype="float32", seed=1, order=2, threads=1, select=None, dropout=0.3, center="off"):
    net = mbp.mlp(
        [7, 17, 5, 3],
        select=select or mbp.RandomK(2),
        center=center,
        dropout=dropout,
        rng=seed,
        backend=backend,
        dtype=dtype,
    )
    optimizer = mbp.Adam(net.parameters())
    history = mbp.fit(
        net, clusters(), optimizer, epochs=2, batch_size=7, rng=order, evals_per_epoch=3, threads=threads
    )
    return parameters(net), history.records


@pytest.mark.parametrize("threads", [1, pytest.param(2, marks=two_cores)])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"select": mbp.Systematic(2), "center": "dw"},
        {"select": mbp.Threshold(2, over="batch"), "center": "forward"},
        {"select": mbp.Signs(3)},
    ],
    ids=str,
)
def test_same_seed_same_bits(options, backend, dtype, threads, monkeypatch):
    with get_backend("cpu").threads(1):  # loads the policy
        pass
    monkeypatch.setattr(sys.modules["minimalbp.kernels.cpu.policy"], "PIECE", 1)  # cut all there is
    weights, records = train(backend, dtype, threads=threads, **options)
    again, same_records = train(backend, dtype, threads=threads, **options)
    assert_same(weights, again)
    assert records == same_records


@pytest.mark.parametrize("threads", [pytest.param(2, marks=two_cores)])
@pytest.mark.parametrize(
    "layer",
    [
        lambda: mbp.Linear(40, 40, select=mbp.TopK(7)),
        lambda: mbp.Linear(40, 40, select=mbp.Systematic(7)),
        lambda: mbp.LSTM(40, 40, select=mbp.Systematic(7)),
        lambda: mbp.LSTM(40, 40, select=mbp.Signs(7), gates="all"),
    ],
    ids=["linear", "linear systematic", "lstm systematic", "lstm signs"],
)
def test_large_steps_with_two_threads_are_the_same_every_time(layer, dtype, threads):
    """Products large enough to be cut in two, five times over: no race."""
    net = mbp.Sequential(layer(), mbp.Linear(40, 33), rng=1, dtype=dtype)
    first = net.children[0]
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(33, 40)).astype(dtype), rng.normal(size=(33, 33)).astype(dtype)
    found, drawn = set(), first.rng.bit_generator.state if first.rng else None
    lengths = [20, 13] if isinstance(first, mbp.LSTM) else None
    with net.be.threads(threads):
        for _ in range(5):
            if first.rng:
                first.rng.bit_generator.state = drawn
            y = net.forward(x, lengths=lengths).tobytes()
            dx = net.backward(dy).tobytes()
            found.add((y, dx, *(p.grad.values.tobytes() for p in net.parameters())))
    assert len(found) == 1


def test_another_seed_another_run(backend):
    weights, _ = train(backend)
    for other in ({"seed": 3}, {"order": 3}):
        changed, _ = train(backend, **other)
        assert (changed["0.weight"] != weights["0.weight"]).any()


def test_layers_without_weights_and_selectors_do_not_change_the_start():
    plain = mbp.Sequential(mbp.Linear(7, 5), mbp.ReLU(), mbp.Linear(5, 3), rng=4, backend="reference")
    drop = mbp.Sequential(mbp.Linear(7, 5), mbp.Dropout(0.5), mbp.Linear(5, 3), rng=4, backend="cpu")
    sparse = mbp.mlp([7, 5, 3], select=mbp.RandomK(2), rng=4)
    assert_same(parameters(plain), parameters(drop))
    assert_same(parameters(plain), parameters(sparse))


@pytest.mark.parametrize(
    "other", [{"select": mbp.RandomK(3)}, {"select": mbp.Dense()}, {"dropout": 0.0}], ids=str
)
def test_the_order_of_examples_does_not_depend_on_the_network(other, monkeypatch):
    from minimalbp.train import loop as run

    orders = []
    true_step = run.train_step

    def note(net, loss, optimizer, x, labels, *more):
        orders[-1].append(labels.tolist())
        return true_step(net, loss, optimizer, x, labels, *more)

    monkeypatch.setattr(run, "train_step", note)
    for options in ({}, other):
        orders.append([])
        train("reference", **options)
    assert orders[0] == orders[1]
    assert orders[0][:9] != orders[0][9:]  # the second epoch has an order of its own


def test_streams_are_independent():
    seen = {}
    for purpose in PURPOSES:
        for place in ((), (0,), (1,), (0, 1), (1, 0)):
            draw = tuple(Streams(5).generator(purpose, *place).random(4))
            assert draw not in seen
            seen[draw] = purpose, place
            assert draw == tuple(Streams(5).generator(purpose, *place).random(4))
    assert tuple(Streams(6).generator("init").random(4)) not in seen
    with pytest.raises(ValueError):
        Streams(5).generator("something else")


@pytest.mark.parametrize("seed", [-1, 1.5, True, "1", None])
def test_bad_seeds_are_refused(seed):
    refused(lambda: Streams(seed), "seed")


def blas_threads():
    return {p["filepath"]: p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"}


@pytest.mark.parametrize("n", [1, pytest.param(2, marks=two_cores)])
def test_one_pool_owns_the_cores(n):
    with get_backend("cpu").threads(1):  # loads every BLAS there is
        pass
    threadpool_limits(2, user_api="blas")
    before = blas_threads()
    policy = sys.modules["minimalbp.kernels.cpu.policy"]
    assert before and policy.pieces(10**9) == 1
    with get_backend("cpu").threads(n) as pools:
        most = numba.config.NUMBA_NUM_THREADS if JIT else n
        assert pools == {"numba": min(n, most), "blas": 1}
        assert set(blas_threads().values()) == {1}
        assert policy.pieces(10**9) == min(n, most)
        assert policy.pieces(1) == 1
        if JIT:
            assert numba.get_num_threads() == min(n, numba.config.NUMBA_NUM_THREADS)
    assert blas_threads() == before
    assert policy.pieces(10**9) == 1
    with get_backend("reference").threads(n) as pools:
        assert pools == {"numba": 0, "blas": n}
        assert set(blas_threads().values()) == {n}
    assert blas_threads() == before


@pytest.mark.skipif(not JIT, reason="Numba has no threads with the JIT switched off")
def test_numba_has_its_own_number_of_threads_back_afterwards():
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
        with get_backend("cpu").threads(1):
            assert numba.get_num_threads() == 1
        assert numba.get_num_threads() == numba.config.NUMBA_NUM_THREADS
    finally:
        numba.set_num_threads(before)


def test_threads_are_restored_after_an_error(backend):
    with get_backend(backend).threads(1):
        pass
    before = blas_threads()
    with pytest.raises(KeyError), get_backend(backend).threads(1):
        raise KeyError
    assert blas_threads() == before


def test_number_of_threads():
    assert check_threads(None) == cores() >= 1
    assert check_threads(1) == 1
    for bad in (0, -1, 1.5, True, "2"):
        refused(lambda bad=bad: check_threads(bad), "threads")
    refused(lambda: check_threads(cores() + 1), f"at most {cores()}")


def test_cores_without_affinity(monkeypatch):
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    assert cores() == 3
    monkeypatch.setattr("os.cpu_count", lambda: None)
    assert cores() == 1
