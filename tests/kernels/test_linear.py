"""Linear products of every kind of choice against the oracle: exact, since their entries are small integers."""

from contextlib import nullcontext

import naive
import numpy as np
import pytest
from helpers import close, in_pieces, small_integers, unwritten

from minimalbp.backend import get_backend
from minimalbp.select import even

SIZES = [  # batch, n_in, n_out
    (1, 1, 1), (1, 7, 3), (2, 3, 5), (3, 2, 1), (5, 1, 2), (7, 17, 33), (17, 3, 40), (33, 40, 17),
]  # fmt: skip
# Around the columns that the cpu kernels take at once: 24 (float64: 12) in dense ones, 64 (32) in sparse ones.
TILES = [(2, 512, 3), (5, 24, 9), (6, 103, 2), (3, 64, 4), (5, 63, 3), (4, 197, 6), (30, 70, 9)]
# The limits at which they change their algorithm, so that each is tried on every size.
PATHS: dict[str, dict[str, float]] = {
    "as measured": {},
    "in panels": {"FEW": -1, "SMALL_BATCH": -1, "THIN": 1e9},
    "in BLAS": {"FEW": -1, "SMALL_BATCH": -1, "THIN": -1},
    "a column block at a time": {"LARGE": -1, "OFTEN": 0},
    "a few rows of it at a time": {"LARGE": -1, "OFTEN": 0, "KEPT": 3},
}


@pytest.fixture(
    scope="module", params=["reference", "cpu", *(("cpu in 3 pieces", path) for path in PATHS)], ids=str
)
def be(request):
    name, path = (request.param, "as measured") if isinstance(request.param, str) else request.param
    chosen = get_backend(name.split(" in ")[0])
    with in_pieces(3) if " in " in name else nullcontext(), pytest.MonkeyPatch.context() as patch:
        for limit, value in PATHS[path].items():
            patch.setattr(
                chosen.linear if hasattr(chosen.linear, limit) else chosen.linear.sparse, limit, value
            )
        yield chosen


@pytest.fixture(params=SIZES + TILES, ids=str)
def size(request):
    return request.param


def made(rng, size, dtype):
    batch, n_in, n_out = size
    shapes = {"x": (batch, n_in), "w": (n_out, n_in), "b": (n_out,), "dy": (batch, n_out)}
    return {name: small_integers(rng, shape, dtype) for name, shape in shapes.items()}


def several_k(n):
    return sorted({1, (n + 1) // 2, n})


def shared_rows(rng, n_out, k):
    return np.sort(rng.permutation(n_out)[:k]).astype(np.int32)


def own_units(rng, batch, n_out, k):
    return np.stack([shared_rows(rng, n_out, k) for _ in range(batch)])


def inverted(chosen, dy):
    """(rows, start, example, value) of `select.invert`, by the oracle."""
    lists = naive.invert(chosen.tolist())
    start = np.cumsum([0] + [len(who) for who in lists.values()])
    example = [e for who in lists.values() for e in who]
    value = np.array([dy[e, unit] for unit, who in lists.items() for e in who], dy.dtype)
    return [*(np.array(a, np.int32) for a in (list(lists), start, example)), value]


def picked_of(be, dy, choice):
    """What the kernel picks, checked."""
    own = choice.ndim == 2
    picked = unwritten((len(dy), choice.shape[-1]), dy.dtype)
    (be.linear.pick_chosen if own else be.linear.pick_rows)(picked, dy, choice)
    units = choice.tolist() if own else [choice.tolist()] * len(dy)
    np.testing.assert_array_equal(picked, [[g[u] for u in mine] for g, mine in zip(dy.tolist(), units)])
    return picked


def test_forward(be, dtype, size, rng):
    a = made(rng, size, dtype)
    y = unwritten(a["dy"].shape, dtype)
    be.linear.forward(y, a["x"], a["w"], a["b"])
    np.testing.assert_array_equal(y, naive.forward(a["x"].tolist(), a["w"].tolist(), a["b"].tolist()))


def test_all_units(be, dtype, size, rng):
    a = made(rng, size, dtype)
    dw, dx, db = (unwritten(a[k].shape, dtype) for k in ("w", "x", "b"))
    be.linear.dw_all(dw, a["dy"], a["x"])
    be.linear.dx_all(dx, a["dy"], a["w"])
    be.linear.db_all(db, a["dy"])
    expect(a, None, dw, dx, db, range(len(a["w"])))


def test_shared_rows(be, dtype, size, rng):
    a, (batch, n_in, n_out) = made(rng, size, dtype), size
    for k in several_k(n_out):
        rows = shared_rows(rng, n_out, k)
        dw, dx, db = unwritten((k, n_in), dtype), unwritten((batch, n_in), dtype), unwritten(k, dtype)
        picked = picked_of(be, a["dy"], rows)
        be.linear.dw_all(dw, picked, a["x"])
        be.linear.dx_rows(dx, picked, a["w"], rows)
        be.linear.db_all(db, picked)
        expect(a, rows.tolist(), dw, dx, db, rows)


def test_units_of_each_example(be, dtype, size, rng):
    a, (batch, n_in, n_out) = made(rng, size, dtype), size
    for k in several_k(n_out):
        chosen = own_units(rng, batch, n_out, k)
        rows, start, example, value = inverted(chosen, a["dy"])
        picked = picked_of(be, a["dy"], chosen)
        dw, db = unwritten((len(rows), n_in), dtype), unwritten(len(rows), dtype)
        dx = unwritten((batch, n_in), dtype)
        be.linear.dw_chosen(dw, value, a["x"], start, example)
        be.linear.dx_chosen(dx, picked.ravel(), a["w"], even(*chosen.shape), chosen.ravel())
        be.linear.db_chosen(db, value, start)
        expect(a, chosen.tolist(), dw, dx, db, rows)


def test_lists_of_any_length(be, dtype, size, rng):
    """Some examples keep nothing, some everything; the products are those of the masked gradient."""
    a, (batch, n_in, n_out) = made(rng, size, dtype), size
    mask = rng.random((batch, n_out)) < rng.choice([0, 0.3, 1], (batch, 1))
    mask[-1] = True
    units = [np.flatnonzero(row).tolist() for row in mask]
    start = np.cumsum([0] + [len(mine) for mine in units]).astype(np.int32)
    unit = np.array([j for mine in units for j in mine], np.int32)
    picked = a["dy"][mask]
    room = [unwritten(s, np.int32) for s in (n_out, n_out + 1, len(unit))]
    value, count = unwritten(len(unit), dtype), unwritten(1, np.int32)
    be.select.invert(*room, value, count, start, unit, picked)
    rows, begin, example = room[0][: count[0]], room[1][: count[0] + 1], room[2]
    dw, db, dx = (unwritten(s, dtype) for s in ((len(rows), n_in), len(rows), (batch, n_in)))
    be.linear.dw_chosen(dw, value, a["x"], begin, example)
    be.linear.dx_chosen(dx, picked, a["w"], start, unit)
    be.linear.db_chosen(db, value, begin)
    expect(a, units, dw, dx, db, rows)


def test_center(be, dtype, size, rng):
    x = made(rng, size, dtype)["x"]
    for rate in (0.0, 0.25, 1.0):
        mean, xc = small_integers(rng, x.shape[1], dtype), unwritten(x.shape, dtype)
        before = mean.copy()
        be.linear.center(xc, mean, x, rate)
        np.testing.assert_array_equal(xc, [[v - m for v, m in zip(row, before)] for row in x.tolist()])
        close(mean, [m + rate * (sum(c) / len(c) - m) for m, c in zip(before, zip(*x.tolist()))], dtype)


def test_without_learning_the_mean_stays_whatever_x_holds(be, dtype):
    x, mean = np.array([[np.inf, np.nan, 1]], dtype), np.ones(3, dtype)
    be.linear.center(unwritten(x.shape, dtype), mean, x, 0.0)
    np.testing.assert_array_equal(mean, 1)


def expect(a, choice, dw, dx, db, rows):
    x, w, dy = a["x"].tolist(), a["w"].tolist(), a["dy"].tolist()
    kept = naive.mask(choice, len(x), len(w))
    np.testing.assert_array_equal(dw, naive.dw(dy, x, kept, rows))
    np.testing.assert_array_equal(dx, naive.dx(dy, w, kept))
    np.testing.assert_array_equal(db, naive.db(dy, kept, rows))


def test_batches_around_the_switch(be, dtype, rng):
    """The cpu kernels change their algorithm above SMALL_BATCH."""
    switch = max(getattr(be.linear, "SMALL_BATCH", 24), 24)
    for batch in (switch - 1, switch, switch + 1, switch + 5, 130, 300):  # 300: deep panels
        a = made(rng, (batch, 7, 5), dtype)
        y, dx = unwritten((batch, 5), dtype), unwritten((batch, 7), dtype)
        dw = unwritten((5, 7), dtype)
        be.linear.forward(y, a["x"], a["w"], a["b"])
        be.linear.dw_all(dw, a["dy"], a["x"])
        be.linear.dx_all(dx, a["dy"], a["w"])
        x, w, dy = a["x"].tolist(), a["w"].tolist(), a["dy"].tolist()
        np.testing.assert_array_equal(y, naive.forward(x, w, a["b"].tolist()))
        kept = naive.mask(None, batch, 5)
        np.testing.assert_array_equal(dx, naive.dx(dy, w, kept))
        np.testing.assert_array_equal(dw, naive.dw(dy, x, kept, range(5)))


def test_fractions(be, dtype, rng):
    """Entries that have to be rounded: no kernel sums in less than its type."""
    batch, n_in, n_out = 7, 40, 17
    x, w, dy = (rng.normal(size=s).astype(dtype) for s in ((batch, n_in), (n_out, n_in), (batch, n_out)))
    b = rng.normal(size=n_out).astype(dtype)
    y, dw, dx = np.empty_like(dy), np.empty_like(w), np.empty_like(x)
    be.linear.forward(y, x, w, b)
    be.linear.dw_all(dw, dy, x)
    be.linear.dx_all(dx, dy, w)
    kept = naive.mask(None, batch, n_out)
    close(y, naive.forward(x.tolist(), w.tolist(), b.tolist()), dtype)
    close(dw, naive.dw(dy.tolist(), x.tolist(), kept, range(n_out)), dtype)
    close(dx, naive.dx(dy.tolist(), w.tolist(), kept), dtype)


@pytest.mark.parametrize("batch", [3, 30])
def test_nan_and_infinity_travel(be, dtype, rng, quiet, batch):
    a = made(rng, (batch, 7, 5), dtype)
    a["x"][0, 3], a["x"][2, 1] = np.nan, np.inf
    a["w"][4, 0], a["dy"][1, 2], a["b"][1] = -np.inf, np.nan, np.inf
    y, dw, dx, db = (unwritten(a[k].shape, dtype) for k in ("dy", "w", "x", "b"))
    be.linear.forward(y, a["x"], a["w"], a["b"])
    be.linear.dw_all(dw, a["dy"], a["x"])
    be.linear.dx_all(dx, a["dy"], a["w"])
    be.linear.db_all(db, a["dy"])
    assert np.isnan(y[0]).all()
    np.testing.assert_array_equal(y, naive.forward(a["x"].tolist(), a["w"].tolist(), a["b"].tolist()))
    expect(a, None, dw, dx, db, range(5))


def test_what_is_not_chosen_is_not_read(be, dtype, rng):
    """NaN in units that were not chosen, in dy and in W, reaches no gradient."""
    a, rows = made(rng, (5, 7, 17), dtype), np.array([2, 3, 11], np.int32)
    others = np.setdiff1d(np.arange(17), rows)
    a["dy"][:, others], a["w"][others] = np.nan, np.nan
    chosen = np.tile(rows, (5, 1))
    picked = picked_of(be, a["dy"], rows)
    dw, dx, db = (unwritten(s, dtype) for s in ((3, 7), (5, 7), (3,)))
    be.linear.dw_all(dw, picked, a["x"])
    be.linear.dx_rows(dx, picked, a["w"], rows)
    be.linear.db_all(db, picked)
    expect(a, rows.tolist(), dw, dx, db, rows)
    assert np.isfinite(dw).all() and np.isfinite(dx).all() and np.isfinite(db).all()
    rows, start, example, value = inverted(chosen, a["dy"])
    be.linear.dw_chosen(dw, value, a["x"], start, example)
    picked = picked_of(be, a["dy"], chosen).ravel()
    be.linear.dx_chosen(dx, picked, a["w"], even(*chosen.shape), chosen.ravel())
    be.linear.db_chosen(db, value, start)
    expect(a, chosen.tolist(), dw, dx, db, rows)
    assert np.isfinite(dw).all() and np.isfinite(dx).all() and np.isfinite(db).all()
