"""Optimisers against loops over single weights, over steps whose rows change: which rows move, and how far."""

import math

import naive
import numpy as np
import pytest
from helpers import close, refused

import minimalbp as mbp
from minimalbp.backend import get_backend
from minimalbp.optim import OPTIMIZERS

CASES = {  # name: (class, options, one weight's step by the oracle: (w, state, g, t) -> (w, state), moments)
    "sgd": (mbp.SGD, {"lr": 0.1}, lambda w, s, g, t: naive.sgd(w, s, g, 0.1, 0), 0),
    "momentum": (mbp.SGD, {"lr": 0.1, "momentum": 0.9}, lambda w, s, g, t: naive.sgd(w, s, g, 0.1, 0.9), 1),
    "adagrad": (mbp.AdaGrad, {"lr": 0.1}, lambda w, s, g, t: naive.adagrad(w, s, g, 0.1, 1e-6), 1),
    "adam": (
        mbp.Adam,
        {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-6},
        lambda w, s, g, t: naive.adam(w, s, g, 0.01, (0.8, 0.95), 1e-6, t),
        2,
    ),
}
every_case = pytest.mark.parametrize("case", sorted(CASES))
N, WIDTH, STEPS = 7, 5, 6


def param(value, backend, name="0.weight"):
    return mbp.Param(name, np.array(value), get_backend(backend))


def gradients(rng, dtype, shape=(N, WIDTH)):
    """One row gradient for each step, of other rows each time."""
    for _ in range(STEPS):
        rows = np.sort(rng.permutation(shape[0])[: rng.integers(1, shape[0])]).astype(np.int32)
        yield mbp.RowGrad(rows, rng.normal(size=(len(rows), *shape[1:])).astype(dtype))


def run(case, backend, dtype, grads, start, **options):
    cls, settings, _, _ = CASES[case]
    p = param(start, backend)
    optimizer = cls([p], **settings, **options)
    for grad in grads:
        p.grad = grad
        optimizer.step()
    return p, optimizer


def expected(case, grads, start, rows, decay=0.0, clip=math.inf):
    oracle, moments = CASES[case][2:]
    w = start.astype(float)
    state = [[(0.0,) * moments for _ in range(WIDTH)] for _ in range(N)]
    for t, grad in enumerate(grads, 1):
        listed = list(range(N)) if grad.rows is None else grad.rows.tolist()
        for o in range(N):
            if rows == "chosen" and o not in listed:
                continue
            for i in range(WIDTH):
                raw = float(grad.values[listed.index(o), i]) if o in listed else 0.0
                g = naive.gradient(w[o, i], raw, decay, clip, 1.0)
                w[o, i], state[o][i] = oracle(float(w[o, i]), state[o][i], g, t)
    return w


@every_case
@pytest.mark.parametrize("rows", ["all", "chosen"])
@pytest.mark.parametrize("decay, clip", [(0.0, math.inf), (0.1, 0.5)])
def test_against_a_loop_over_weights(case, rows, decay, clip, backend, dtype, rng):
    start = rng.normal(size=(N, WIDTH)).astype(dtype)
    grads = [*gradients(rng, dtype), mbp.RowGrad(None, rng.normal(size=(N, WIDTH)).astype(dtype))]
    p, optimizer = run(case, backend, dtype, grads, start, rows=rows, weight_decay=decay, clip=clip)
    close(p.value, expected(case, grads, start, rows, decay, clip), dtype)
    assert optimizer.t == len(grads)


@every_case
def test_rows_not_chosen_are_bit_identical(case, backend, dtype, rng):
    """Invariant 5, with everything that could move them switched on."""
    start = rng.normal(size=(N, WIDTH)).astype(dtype)
    p, optimizer = run(case, backend, dtype, [], start, rows="chosen", weight_decay=0.1)
    for grad in gradients(rng, dtype):
        before, state = p.value.copy(), {k: v.copy() for k, v in optimizer.state[p.name].items()}
        p.grad = grad
        optimizer.step()
        others = np.setdiff1d(np.arange(N), grad.rows)
        assert p.value[others].tobytes() == before[others].tobytes()
        assert (p.value[grad.rows] != before[grad.rows]).all()
        for name, kept in state.items():
            assert optimizer.state[p.name][name][others].tobytes() == kept[others].tobytes()


@pytest.mark.parametrize("case, moves", [("sgd", 0), ("adagrad", 0), ("momentum", 1), ("adam", 1)])
def test_which_optimisers_move_rows_without_gradient(case, moves, backend, dtype, rng):
    """The papers' dense optimiser: a row moves on by its momentum, and stays where there is none."""
    start = rng.normal(size=(N, WIDTH)).astype(dtype)
    first = mbp.RowGrad(np.array([2, 5], np.int32), np.ones((2, WIDTH), dtype))
    p, optimizer = run(case, backend, dtype, [first], start)
    before = p.value.copy()
    p.grad = mbp.RowGrad(np.array([3], np.int32), np.ones((1, WIDTH), dtype))
    optimizer.step()
    moved = np.flatnonzero((p.value != before).any(axis=1)).tolist()
    assert moved == ([2, 3, 5] if moves else [3])


@every_case
def test_dense_gradients_make_all_and_chosen_the_same(case, backend, dtype, rng):
    start = rng.normal(size=(N, WIDTH)).astype(dtype)
    values = [rng.normal(size=(N, WIDTH)).astype(dtype) for _ in range(3)]
    every = np.arange(N, dtype=np.int32)
    ends = [
        run(case, backend, dtype, [mbp.RowGrad(listed, v) for v in values], start, rows=rows)[0].value
        for rows in ("all", "chosen")
        for listed in (None, every)
    ]
    for end in ends[1:]:
        assert end.tobytes() == ends[0].tobytes()


@every_case
def test_a_vector_of_biases(case, backend, dtype, rng):
    """Dense, a bias is one row; with chosen entries each entry is one. The state is the same memory."""
    start = rng.normal(size=N).astype(dtype)
    grads = [mbp.RowGrad(None, rng.normal(size=N).astype(dtype)), *gradients(rng, dtype, (N,))]
    bias = run(case, backend, dtype, grads, start)[0]
    wide = [mbp.RowGrad(g.rows, np.repeat(g.values[:, None], WIDTH, axis=1)) for g in grads]
    want = expected(case, wide, np.repeat(start[:, None], WIDTH, axis=1), "all")
    close(bias.value, want[:, 0], dtype)


@every_case
@pytest.mark.parametrize("pieces", [2, 3, 50])
def test_pieces_do_not_change_the_result(case, dtype, pieces, rng):
    from helpers import in_pieces

    start = rng.normal(size=(N, WIDTH)).astype(dtype)
    grads = list(gradients(rng, dtype))
    for rows in ("all", "chosen"):
        whole = run(case, "cpu", dtype, grads, start, rows=rows)[0].value
        with in_pieces(pieces):
            cut = run(case, "cpu", dtype, grads, start, rows=rows)[0].value
        assert cut.tobytes() == whole.tobytes()


def test_clip_is_for_each_entry_and_nan_stays(backend, dtype, quiet):
    p = param(np.zeros((1, 5), dtype), backend)
    p.grad = mbp.RowGrad(None, np.array([[7, -7, 0.5, np.nan, np.inf]], dtype))
    mbp.SGD([p], lr=1, clip=5).step()
    np.testing.assert_array_equal(p.value, [[-5, 5, -0.5, np.nan, -5]])


def test_clip_comes_after_the_decay(backend, dtype):
    p = param(np.array([[10, -10]], dtype), backend)
    p.grad = mbp.RowGrad(None, np.array([[4, -4]], dtype))
    mbp.SGD([p], lr=1, clip=5, weight_decay=0.5).step()
    assert p.value.tolist() == [[5, -5]]


def test_clip_norm_is_over_all_parameters(backend, dtype):
    a, b, idle = (param(np.zeros((2, 2), dtype), backend, name) for name in "abc")
    a.grad = mbp.RowGrad(np.array([1], np.int32), np.array([[3, 0]], dtype))
    b.grad = mbp.RowGrad(None, np.array([[0, 0], [0, 4]], dtype))
    optimizer = mbp.SGD([a, b, idle], lr=1, clip_norm=2.5)
    optimizer.step()  # the norm is 5
    close(a.value, [[0, 0], [-1.5, 0]], dtype)
    close(b.value, [[0, 0], [0, -2]], dtype)
    assert not idle.value.any()
    a.grad, b.grad = mbp.RowGrad(None, np.full((2, 2), 0.1, dtype)), None
    before = a.value.copy()
    optimizer.step()  # within the limit: as it is
    close(a.value, before - 0.1, dtype)
    a.grad = mbp.RowGrad(None, np.zeros((2, 2), dtype))
    before = a.value.copy()
    optimizer.step()
    assert a.value.tobytes() == before.tobytes()


@pytest.mark.parametrize("case", ["momentum", "adam"])
def test_a_moment_that_fades_becomes_zero(case, backend, dtype):
    p = param(np.ones((2, 2), dtype), backend)
    cls, settings, _, _ = CASES[case]
    optimizer = cls([p], **settings)
    p.grad = mbp.RowGrad(np.array([0], np.int32), np.full((1, 2), 1e-20, dtype))
    optimizer.step()
    slot = optimizer.slots[0]
    assert optimizer.state[p.name][slot][0].all()
    p.grad = mbp.RowGrad(np.array([1], np.int32), np.full((1, 2), 1e-20, dtype))
    for _ in range(400):
        optimizer.step()
    assert not optimizer.state[p.name][slot][0].any()
    assert optimizer.state[p.name][slot][1].all()


BAD = [
    *[{"lr": v} for v in (0, -1, math.nan, math.inf, "0.1", True, None)],
    *[{"weight_decay": v} for v in (-1, math.nan)],
    *[{"clip": v} for v in (0, -5, math.nan)],
    *[{"clip_norm": v} for v in (0, -5, math.nan)],
    {"rows": "some"},
]


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
@pytest.mark.parametrize("options", BAD, ids=str)
def test_bad_settings_are_refused(name, options):
    p = param(np.ones((1, 1)), "reference")
    refused(lambda: OPTIMIZERS[name]([p], **options), next(iter(options)))


def test_bad_settings_of_their_own():
    p = param(np.ones((1, 1)), "reference")
    for bad in (-0.1, 1.1, math.nan):
        refused(lambda bad=bad: mbp.SGD([p], momentum=bad), "momentum")
    for betas in ((1.0, 0.9), (0.9, 1.0), (-0.1, 0.9), (0.9,), 0.9, (0.9, 0.9, 0.9)):
        refused(lambda betas=betas: mbp.Adam([p], betas=betas), "beta")
    for cls in (mbp.Adam, mbp.AdaGrad):
        refused(lambda cls=cls: cls([p], eps=0), "eps")
        refused(lambda cls=cls: cls([]), "no parameters")
        for what in (mbp.mlp([2, 3]), [np.ones(3)]):
            refused(lambda cls=cls, what=what: cls(what), "such as net.parameters()")
    refused(lambda: mbp.SGD([p], rows="chosn"), "did you mean 'chosen'")


def test_one_optimiser_over_two_networks_is_refused():
    """State is kept by name, and both have a "0.weight"."""
    both = [p for rng in (0, 1) for p in mbp.mlp([2, 3], rng=rng).parameters()]
    refused(lambda: mbp.Adam(both), "an optimiser of its own")


def test_descriptions_hold_what_was_set():
    p = param(np.ones((1, 1)), "reference")
    assert mbp.Adam([p], clip=5).describe() == {
        "optimizer": "Adam", "lr": 1e-3, "rows": "all", "weight_decay": 0.0, "clip": 5.0,
        "betas": (0.9, 0.999), "eps": 1e-8,
    }  # fmt: skip
    assert mbp.SGD([p], momentum=0.5).describe()["momentum"] == 0.5
    assert mbp.AdaGrad([p]).describe()["eps"] == 1e-6
