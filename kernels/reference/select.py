"""Which units get a gradient: the top_k() of the meProp paper (section 2.2), its unified form, and unbiased draws.

The order is by magnitude, the larger first. NaN counts as larger than infinity, so that it surfaces instead of
hiding; equal magnitudes go to the lower unit. A choice is written in ascending order of unit.

Kernels that choose a number of units of their own for each example write lists: those of example e, and their
gradients, are unit[i] and value[i] for start[e] <= i < start[e + 1]. start int32 (batch + 1,); unit int32 and value
have room for batch k entries. No list of `signs` or `bottom_k` is longer than k, nor one of a walk through one
example.
"""

import numpy as np

SCORES = ("sum", "mean", "l2", "signed")
LANES = 16


def top_k(chosen, dy):
    """chosen[e] = the k units of largest |dy[e]|, ascending. chosen int32 (batch, k), 1 <= k <= n_out."""
    k = chosen.shape[1]
    for e, g in enumerate(dy):
        order = np.lexsort((-np.abs(g), ~np.isnan(g)))  # the last key leads; lexsort is stable
        chosen[e] = np.sort(order[:k])


def top_k_batch(start, unit, value, dy, k, index, near):
    """Lists of the batch k entries of largest |dy| in the whole batch; entries that are zero are left out.

    Of equal entries the earlier example's are taken, and in an example those of the lower unit. One example may
    have all its units listed, and another none. index int32 and near, both of the shape of dy: scratch.
    """
    size = dy.size
    best = np.empty((1, min(len(dy) * k, size)), np.int32)
    top_k(best, dy.reshape(1, size))
    kept = np.zeros(size, bool)
    kept[best] = True
    kept = kept.reshape(dy.shape) & (dy != 0)
    _write(start, unit, value, [np.flatnonzero(row) for row in kept], [g[row] for g, row in zip(dy, kept)])


def bottom_k(start, unit, value, dy, k):
    """Lists of the k entries of each example that are smallest and not zero, or fewer: the reverse of top_k.

    NaN counts as the largest, and so is the last to be taken. Of equal entries the lower units are.
    """
    lists = []
    for g in dy:
        order = np.lexsort((np.abs(g), np.isnan(g)))
        lists.append(np.sort(order[g[order] != 0][:k]))
    _write(start, unit, value, lists, [g[units] for g, units in zip(dy, lists)])


def random_k(chosen, u, n):
    """chosen[e] = k of the units 0..n - 1, ascending, each set of k equally likely: Floyd's algorithm.

    chosen int32 (batch, k); u float64 (batch, k), each number uniform in [0, 1). Number i draws one of the units
    0..n - k + i. Where that is taken already, unit n - k + i is taken instead, which no number before could draw.
    """
    k = chosen.shape[1]
    for mine, numbers in zip(chosen, u):
        taken: set[int] = set()
        for last, number in enumerate(numbers.tolist(), n - k):
            drawn = int(number * (last + 1))
            taken.add(last if drawn in taken else drawn)
        mine[:] = sorted(taken)


def positions(index, energy, g):
    """index[e] = e P + p for the k positions p of largest energy in example e, ascending; g (batch, P, M).

    energy (batch, P) is written too: the sum of g² over the M channels. index int32 (batch, k), 1 <= k <= P.
    """
    energy[:] = np.square(g).sum(axis=2)
    top_k(index, energy)
    index += np.arange(len(g), dtype=np.int32)[:, None] * np.int32(g.shape[1])


def score(out, dy, kind):
    """One score per unit over the batch, (n_out,). kind is an index into SCORES:

    0 sum |dy| (the authors' code) · 1 mean |dy| (the paper's words; chooses as the sum does) ·
    2 sqrt(sum dy²) · 3 |sum dy| (the other way to read the paper's words: a different method)
    """
    if kind == 2:
        out[:] = np.sqrt(np.square(dy).sum(axis=0))
    elif kind == 3:
        out[:] = np.abs(dy.sum(axis=0))
    else:
        out[:] = np.abs(dy).sum(axis=0)
        if kind == 1:
            out /= len(dy)


def systematic(start, unit, value, dy, u, k):
    """Systematic sampling: lists whose expectation is dy, of at most k entries for each example.

    u (batch,) or (1,), each number uniform in [0, 1): one walk through each example, or one through all of them. A
    walk through m examples has m k points, one at every step = sum |dy| / (m k). It begins u steps ahead and adds
    up |dy|. An entry that passes h points has the value sign(dy) h step, and one that passes none is dropped. It
    goes example by example, and in each through the units 0, LANES, 2 LANES, ..., then through 1, LANES + 1, ...

    Where the sum is not finite, or so small that 1 / step is not, the choice is that of top_k.
    """
    _walks(start, unit, value, dy, u, k, lambda size, points: np.inf)


def threshold(start, unit, value, dy, u, k):
    """The same, but the largest entries stay as they are, so that chance decides about the small ones only.

    tau is the least size such that sum min(|dy| / tau, 1) over a walk is its number of points (Wangni et al. 2018,
    section 3). Entries of at least tau are kept. The walk goes through the others with step = tau.
    """
    _walks(start, unit, value, dy, u, k, _threshold)


def signs(start, unit, value, dy, k):
    """The (k + 1) // 2 largest entries above 0, NaN among them, and the k // 2 largest below, or fewer."""
    lists: list[np.ndarray] = []
    for g in dy:
        below = g < 0
        found = []
        for side, most in ((np.where(below, 0, g), (k + 1) // 2), (np.where(below, g, 0), k // 2)):
            best = np.empty((1, most), np.int32)
            top_k(best, side[None])
            found += [j for j in best[0] if side[j] != 0]
        lists.append(np.array(sorted(found), np.int32))
    _write(start, unit, value, lists, [g[units] for g, units in zip(dy, lists)])


def _walks(start, unit, value, dy, u, k, find_tau):
    """One walk for each number in u; entries of at least find_tau(sizes, points) are kept as they are."""
    batch, n = dy.shape
    order = np.argsort(np.arange(n) % LANES, kind="stable")
    each = batch // len(u)
    lists: list[np.ndarray] = []
    values: list[np.ndarray] = []
    for first, begin in zip(range(0, batch, each), u):
        g, points = dy[first : first + each], each * k
        size = np.abs(g, dtype=np.float64)
        tau = find_tau(size, points)
        rest = np.where(size < tau, size, 0)
        total, sure = rest.sum(), np.count_nonzero(size >= tau)
        if sure == points:  # ties took every point: what is left is nothing beside them
            rest, total = np.zeros_like(rest), 0.0
        if not _can_walk(size, total, points - sure, g.dtype):
            units = np.empty((each, k), np.int32)
            top_k(units, g)
            found = [mine[row[mine] != 0] for row, mine in zip(g, units)]
            lists += found
            values += [row[mine] for row, mine in zip(g, found)]
            continue
        step = total / (points - sure) if total else 1.0
        position = begin + np.cumsum(rest[:, order].ravel() / step)
        points_passed = np.minimum(np.floor(position), points - sure)  # more only by rounding
        passed = np.diff(points_passed, prepend=0).reshape(g.shape)
        times = np.empty_like(passed)
        times[:, order] = passed
        kept = np.where(size < tau, np.sign(g) * times * step, g)
        lists += [np.flatnonzero(row) for row in kept]
        values += [row[row != 0] for row in kept]
    _write(start, unit, value, lists, values)


def _can_walk(size, total, points, dtype):
    """Whether sums are finite, and one step is neither nothing nor too small; no walk is needed for nothing."""
    if not np.isfinite(size).all() or not np.isfinite(total):
        return False
    return total == 0 or (points > 0 and points < float(total) * float(np.finfo(dtype).max))


def _threshold(size, points):
    """tau: as in `threshold`. Entries that reach it leave fewer points for the others, which lowers it."""
    sure = np.zeros(size.shape, bool)
    while True:
        left, total = points - np.count_nonzero(sure), size[~sure].sum()
        if left == 0 or not 0 < total < np.inf:
            return np.inf if not sure.any() else size[sure].min()
        tau = total / left
        more = size >= tau
        if (more == sure).all():
            return tau
        sure = more


def _write(start, unit, value, lists, values):
    start[0] = 0
    start[1:] = np.cumsum([len(units) for units in lists])
    unit[: start[-1]] = np.concatenate(lists)
    value[: start[-1]] = np.concatenate(values)


def pack(start, unit, value, length, chosen, picked):
    """Lists that begin the rows of two tables, moved together: that of row e has length[e] entries.

    length int32 (batch,); chosen int32 and picked, (batch, at least max(length)).
    """
    start[0] = 0
    start[1:] = np.cumsum(length)
    listed = np.arange(chosen.shape[1]) < length[:, None]
    unit[: start[-1]] = chosen[listed]
    value[: start[-1]] = picked[listed]


def invert(rows, begin, example, value, count, start, unit, picked):
    """List a choice by units: for each chosen unit the examples that chose it, and their gradients there.

    start, unit, picked: the lists of the examples, each ascending and without repeats. Writes
        count[0]            r, how many units at least one example chose
        rows[:r]            those units, ascending
        begin[:r + 1]       where the list of each unit begins in `example` and `value`
        example[:start[-1]] the examples of each list, ascending
        value[:start[-1]]   what they picked there
    rows has room for n_out entries, begin for n_out + 1; the rest is left as it was.
    """
    total = start[-1]
    chosen = unit[:total]
    units, counts = np.unique(chosen, return_counts=True)
    r = len(units)
    count[0] = r
    rows[:r] = units
    begin[0] = 0
    begin[1 : r + 1] = np.cumsum(counts)
    by_unit = np.argsort(chosen, kind="stable")
    example[:total] = np.repeat(np.arange(len(start) - 1), np.diff(start))[by_unit]
    value[:total] = picked[:total][by_unit]


def count_rows(hits, rows, picked):
    """hits[rows[i]] += the number of examples whose gradient there is not zero: activeness (meSimp, section 3).

    hits int64 (n_out,), rows int32 (r,) without repeats, picked (batch, r). NaN is not zero.
    """
    hits[rows] += np.count_nonzero(picked, axis=0)


def count_chosen(hits, chosen, picked):
    """The same with a choice per example: chosen int32, and picked of the same shape."""
    np.add.at(hits, chosen[picked != 0], 1)
