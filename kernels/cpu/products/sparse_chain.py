"""Many sparse layers in one call, where examples die on the way: a thread takes panels of its own through all.

A panel stays in the second-level cache from layer to layer, and no thread waits for another. After some layers,
the examples of a panel that are left move into a panel that waits there. When that one is full it goes on. So
layers compute full panels of examples that live, as far as there are enough of them.
"""

import numpy as np
from numba import prange

from ...reference.sparse import STEP, WIDE
from ..policy import kernel
from .sparse_chain_tile import cut_1x1, cut_1x2, cut_4x1, cut_4x2, cut_8x2, pack_columns
from .sparse_panels import WHOLE, _from_panel, _to_panel

LINE = 64  # bytes
SOME = 128  # features that are turned together, in the first cache
# A panel of which more than this share lives goes on as it is. A half takes 168 ms for the 1,024 x 120 challenge,
# three quarters 153, seven eighths 148, all 163.
DENSE = 3, 4


@kernel
def _whole(out, a, w, b, group, member, first, source, ceiling, most):
    at = np.int64(0)
    for g in range(len(group) - 1):
        m, end = np.int64(group[g]), np.int64(group[g + 1])
        begin, count = np.int64(first[g]), np.int64(first[g + 1]) - np.int64(first[g])
        while m + 8 <= end:
            cut_8x2(out, member, m, a, w, at, b, source, begin, count, 0, ceiling, most)
            m += 8
            at += 8 * count
        if m + 4 <= end:
            cut_4x2(out, member, m, a, w, at, b, source, begin, count, 0, ceiling, most)
            m += 4
            at += 4 * count
        while m < end:
            cut_1x2(out, member, m, a, w, at, b, source, begin, count, 0, ceiling, most)
            m += 1
            at += count


@kernel
def _by_steps(out, a, w, b, group, member, first, source, ceiling, most):
    for column in range(0, out.shape[1], STEP // out.itemsize):
        at = np.int64(0)
        for g in range(len(group) - 1):
            m, end = np.int64(group[g]), np.int64(group[g + 1])
            begin, count = np.int64(first[g]), np.int64(first[g + 1]) - np.int64(first[g])
            while m + 4 <= end:
                cut_4x1(out, member, m, a, w, at, b, source, begin, count, column, ceiling, most)
                m += 4
                at += 4 * count
            while m < end:
                cut_1x1(out, member, m, a, w, at, b, source, begin, count, column, ceiling, most)
                m += 1
                at += count


_layer = _whole if WHOLE else _by_steps  # chosen here, so that only one is compiled


@kernel(parallel=True)
def chain_pieces(y, alive, live, x, w, b, group, member, first, source, ceiling, n):
    """live (n, layers): the counts of each piece."""
    panels = panels_of(y, x)
    for p in prange(n):
        begin, end = panels * p // n, panels * (p + 1) // n
        chain(y, alive, live[p], x, w, b, group, member, first, source, ceiling, begin, end)


@kernel
def panels_of(y, x):
    """How many panels the examples fill."""
    width = WIDE // y.itemsize
    return -(-len(x) // width)


@kernel
def chain(y, alive, live, x, w, b, group, member, first, source, ceiling, begin, end):
    """The panels begin:end of examples. live: counts are added to it."""
    layers, n = member.shape
    width = WIDE // y.itemsize
    place = waiting_places(layers)
    places = place.max() + 1
    # A buffer for each place where panels wait, the one in work, and its results. `of` says which is which.
    room, of = _buffers(y, places + 2, n), np.arange(places + 2)
    ids, held = np.full((places + 2, width), -1), np.zeros(places, np.int64)
    rows, most = np.empty((width, min(n, SOME)), y.dtype), np.zeros(width, y.dtype)
    tables = w, b, group, member, first, source, ceiling
    state = place, room, of, ids, held, most
    for p in range(begin, end):
        _load(room[of[-2]], ids[of[-2]], rows, x, p * width)
        _go_on(0, y, alive, live, rows, tables, state)
    for at in range(1, layers):  # panels that are not full
        p = place[at]
        if p >= 0 and held[p]:
            room[of[p]][:, held[p] :] = 0
            of[p], of[-2] = of[-2], of[p]
            held[p] = 0
            _go_on(at, y, alive, live, rows, tables, state)


@kernel
def waiting_places(layers):
    """place[l]: the number of the place behind l layers, -1 where none is. Places grow rare: few die late."""
    place, layer, count = np.full(layers + 1, -1), 1, 0
    while layer < layers:
        place[layer] = count
        layer += max(1, layer // 4)
        count += 1
    return place


@kernel
def _buffers(y, count, n):
    """Panels of n features that begin a line of the cache."""
    width = WIDE // y.itemsize
    memory = np.empty(count * n * width + LINE // y.itemsize, y.dtype)
    first = -memory.ctypes.data % LINE // y.itemsize
    return memory[first : first + count * n * width].reshape(count, n, width)


@kernel
def _load(panel, ids, rows, x, first):
    """Examples of any type, from `first` on, in a panel. `rows` has room for some features of them."""
    there, some = min(len(ids), len(x) - first), rows.shape[1]
    for i in range(0, len(panel), some):
        last = min(i + some, len(panel))
        for r in range(there):
            _convert(rows[r, : last - i], x[first + r, i:last])
        _to_panel(panel[i:last], rows[:there, : last - i], 0, last - i)
    ids[:] = np.arange(first, first + len(ids))


@kernel
def _convert(out, a):
    for i in range(len(a)):
        out[i] = a[i]


@kernel
def _go_on(layer, y, alive, live, rows, tables, state):
    """Take the panel in work through its layers from `layer` on, until it waits, ends, or nothing lives in it."""
    w, b, group, member, first, source, ceiling = tables
    place, room, of, ids, held, most = state
    while layer < len(w):
        most[:] = 0
        a, out = room[of[-2]], room[of[-1]]
        of_nodes, lists = (b[layer], group[layer], member[layer]), (first[layer], source[layer])
        _layer(out, a, w[layer], *of_nodes, *lists, ceiling, most)
        ids[of[-1]] = ids[of[-2]]
        of[-2], of[-1] = of[-1], of[-2]
        left = (most > 0).sum()
        live[layer] += left
        layer += 1
        if left == 0:
            return
        p = place[layer]
        if (
            p >= 0
            and left * DENSE[1] <= len(most) * DENSE[0]
            and not _gather(p, left, room, of, ids, held, most)
        ):
            return
    panel, of_panel = room[of[-2]], ids[of[-2]]
    for j in range(len(most)):
        if most[j] > 0:
            alive[of_panel[j]] = True
    if len(y):
        _store(y, panel, of_panel, rows, most)


@kernel
def _store(y, panel, ids, rows, most):
    """The rows of y for the examples that live."""
    some = rows.shape[1]
    for i in range(0, len(panel), some):
        last = min(i + some, len(panel))
        _from_panel(rows[:, : last - i], panel[i:last], 0, last - i)
        for j in range(len(most)):
            if most[j] > 0:
                _convert(y[ids[j], i:last], rows[j, : last - i])


@kernel
def _gather(p, left, room, of, ids, held, most):
    """Move the examples that live into the panel that waits at p. Returns whether a full panel is in work now."""
    width, here, there = len(most), of[-2], of[p]
    fits = min(left, width - held[p])
    pick, rest = most.copy(), most.copy()
    found = 0
    for j in range(width):
        if most[j] > 0:
            if found < fits:
                rest[j] = 0
                ids[there, held[p] + found] = ids[here, j]
            else:
                pick[j] = 0
                ids[here, found - fits] = ids[here, j]  # never to the right
            found += 1
    pack_columns(room[there], held[p], room[here], pick)
    held[p] += fits
    if held[p] < width:
        return False
    if found > fits:
        pack_columns(room[here], 0, room[here], rest)
    most[:] = 1  # all examples of the panel in work live
    held[p] = found - fits
    of[p], of[-2] = here, there
    return True
