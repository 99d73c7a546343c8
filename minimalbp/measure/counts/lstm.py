"""Counts of the loops of an LSTM over time. Backward, one kernel has parts that belong to several phases."""

from __future__ import annotations

from typing import Any

from . import INDEX, Count, Counts, linear, size_in_bytes

__all__ = [
    "backward_all", "backward_chosen", "backward_lists", "backward_top_k", "backward_unified", "forward", "put",
    "take",
]  # fmt: skip


def forward(h: Any, c: Any, tanh_c: Any, gates: Any, u: Any, active: Any) -> Count:
    rows, size = tanh_c.shape
    first = int(active[0])  # at step 0 h is zero, and nothing is multiplied
    moved = 2 * gates.nbytes + u.nbytes * (len(active) - 1) + size_in_bytes(h, c, tanh_c, active)
    return Count("forward", (rows - first) * u.size + 8 * rows * size, moved)


def backward_all(
    dgates: Any, dy: Any, gates: Any, c: Any, tanh_c: Any, u: Any, active: Any, *_: Any
) -> Counts:
    sent = len(dy) - int(active[0])
    moved = u.nbytes * (len(active) - 1) + sent * sum(u.shape) * u.itemsize
    return Count("dx", sent * u.size, moved), _cells(dgates, dy, gates, tanh_c, active)


def backward_lists(
    dgates: Any, length: Any, chosen: Any, picked: Any, dx: Any, dy: Any, gates: Any, c: Any, tanh_c: Any,
    u: Any, w: Any, active: Any, groups: int, k: int, kind: int, points: Any, work: Any,
) -> Counts:  # fmt: skip
    """Lists are written as they are chosen, so that nothing is picked afterwards."""
    total, sent = int(length.sum()), int(length[active[0] :].sum())
    drawn = points if kind < 2 else None  # "signs" draws nothing
    listing = size_in_bytes(dgates, length, drawn) + total * (INDEX + picked.itemsize)
    cells = _cells(dgates, dy, gates, tanh_c, active)
    return (
        _sending(sent, total, dx, u, w, len(dy) - int(active[0])),
        cells,
        Count("select", dgates.size, listing),
    )


def backward_top_k(dgates: Any, chosen: Any, picked: Any, dx: Any, *rest: Any) -> Counts:
    choice = Count("select", dgates.size, size_in_bytes(chosen, dgates))
    return *_sparse(dgates, chosen, picked, dx, *rest), choice


def backward_unified(dgates: Any, chosen: Any, picked: Any, dx: Any, *rest: Any) -> Counts:
    steps, width = len(rest[6]), dgates.shape[1]
    scores = Count("select", dgates.size, dgates.nbytes + steps * width * dgates.itemsize)
    read = steps * (width * dgates.itemsize + chosen.shape[1] * INDEX)
    return *_sparse(dgates, chosen, picked, dx, *rest), scores, Count("select", steps * width, read)


def backward_chosen(dgates: Any, picked: Any, dx: Any, chosen: Any, *rest: Any) -> Counts:
    return _sparse(dgates, chosen, picked, dx, *rest)


def take(out: Any, a: Any, order: Any, column: int) -> Count:
    return _move(2, out, a, order)


def put(out: Any, a: Any, order: Any, column: int, add: bool) -> Count:
    return _move(3 if add else 2, out, a, order)


def _sparse(dgates: Any, chosen: Any, picked: Any, dx: Any, dy: Any, *rest: Any) -> Counts:
    """What the chosen units send to the previous step and to x, then the cells, then the picking."""
    gates, _, tanh_c, u, w, active = rest[:6]
    sent = len(dy) - int(active[0])
    sending = _sending(sent * chosen.shape[1], chosen.size, dx, u, w, sent)
    return sending, _cells(dgates, dy, gates, tanh_c, active), linear.pick_chosen(picked, dgates, chosen)


def _sending(sent: int, total: int, dx: Any, u: Any, w: Any, rows: int) -> Count:
    """The rows of U that `sent` units send to the step before, which is written in `rows` rows, and of W for dx."""
    size, to_x = u.shape[1], total if len(dx) else 0
    pairs = sent * size + to_x * w.shape[1]
    read = (sent + to_x) * (u.itemsize + INDEX)  # the choice, once for U and once for W
    return Count("dx", pairs, read + rows * size * u.itemsize + dx.nbytes + pairs * u.itemsize)


def _cells(dgates: Any, dy: Any, gates: Any, tanh_c: Any, active: Any) -> Count:
    return Count("other", 7 * dy.size, size_in_bytes(dgates, dy, gates, tanh_c, active) + dy.nbytes)


def _move(times: int, out: Any, a: Any, order: Any) -> Count:
    """Rows that are copied (read and written: twice), or added to others (read, read and written: three times)."""
    moved = len(order) * min(out.shape[1], a.shape[1])
    return Count("other", moved, times * moved * a.itemsize + order.nbytes)
