"""Exact work of each kernel: its phase, its operations and the bytes it moves, from the shapes alone.

One operation is a multiply-add of a matrix product, or one element-wise step (docs/maths.md lists what each
kernel counts). Bytes are what the definition reads and writes: each array that takes part once, except that a
product with a choice per example reads one whole row for each (example, unit) pair, for it shares nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

PHASES = ("forward", "select", "dw", "dx", "other", "update")
INDEX = 4  # bytes of an int32


@dataclass(frozen=True)
class Count:
    """Of one kernel call: the phase it belongs to, operations, bytes."""

    phase: str
    ops: int
    bytes: int


Counts = tuple[Count, ...]  # of a kernel with several parts; its seconds belong to the phase of the first


def _forward(y: Any, x: Any, w: Any, b: Any) -> Count:
    return Count("forward", len(x) * w.size, _bytes(y, x, w, b))


def _chain(y: Any, x: Any, weights: Any, layers: Any, work: Any) -> Count:
    """Each layer as its own kernels would count, but for what stays in scratch memory."""
    ops = sum(n_out * (n_in + (f > 0)) for n_in, n_out, f in layers.tolist())
    return Count("forward", len(x) * ops, _bytes(y, x, weights))


def _pick(picked: Any, dy: Any, choice: Any) -> Count:
    return Count("dw", picked.size, 2 * picked.nbytes + _bytes(choice))


def _dw_all(dw: Any, dy: Any, x: Any) -> Count:
    return Count("dw", len(dy) * dw.size, _bytes(dw, dy, x))


def _dw_chosen(dw: Any, value: Any, x: Any, start: Any, example: Any) -> Count:
    pairs, n_in = example.size, x.shape[1]
    return Count("dw", pairs * n_in, _bytes(dw, value, start, example) + pairs * n_in * x.itemsize)


def _dx_all(dx: Any, dy: Any, w: Any) -> Count:
    return Count("dx", len(dy) * w.size, _bytes(dx, dy, w))


def _dx_rows(dx: Any, picked: Any, w: Any, rows: Any) -> Count:
    read = len(rows) * w.shape[1]
    return Count("dx", len(dx) * read, _bytes(dx, picked, rows) + read * w.itemsize)


def _dx_chosen(dx: Any, picked: Any, w: Any, chosen: Any) -> Count:
    pairs, n_in = chosen.size, w.shape[1]
    return Count("dx", pairs * n_in, _bytes(dx, picked, chosen) + pairs * n_in * w.itemsize)


def _db_all(db: Any, dy: Any) -> Count:
    return Count("other", dy.size, _bytes(db, dy))


def _db_chosen(db: Any, value: Any, start: Any) -> Count:
    return Count("other", value.size, _bytes(db, value, start))


def _top_k(chosen: Any, dy: Any) -> Count:
    return Count("select", dy.size, _bytes(chosen, dy))


def _score(out: Any, dy: Any, kind: int) -> Count:
    return Count("select", dy.size, _bytes(out, dy))


def _invert(rows: Any, start: Any, example: Any, value: Any, count: Any, chosen: Any, picked: Any) -> Count:
    r = int(count[0])
    return Count("dw", 2 * chosen.size, _bytes(chosen, picked, example, value) + (2 * r + 1) * INDEX)


def _count_hits(hits: Any, choice: Any, picked: Any) -> Count:
    return Count("other", picked.size, _bytes(choice, picked) + 2 * picked.size * hits.itemsize)


def _look_up(y: Any, ids: Any, tables: Any, where: Any) -> Count:
    moved = len(ids) * sum(tables[i].shape[1] for i in where[:, 0])
    return Count("forward", moved, 2 * moved * y.itemsize + ids.size * INDEX)


def _look_up_backward(
    values: Any, rows: Any, count: Any, mark: Any, dy: Any, ids: Any, column: int, columns: int, offset: int
) -> Count:
    r, size, found = int(count[0]), values.shape[1], len(ids) * columns
    return Count("dw", found * size, (found + r) * (size * dy.itemsize + INDEX))


def _lstm(h: Any, c: Any, tanh_c: Any, gates: Any, u: Any, active: Any) -> Count:
    rows, size = tanh_c.shape
    first = int(active[0])  # there h is zero, and nothing is multiplied
    moved = 2 * gates.nbytes + u.nbytes * (len(active) - 1) + _bytes(h, c, tanh_c, active)
    return Count("forward", (rows - first) * u.size + 8 * rows * size, moved)


def _lstm_all(dgates: Any, dy: Any, gates: Any, c: Any, tanh_c: Any, u: Any, active: Any, *_: Any) -> Counts:
    sent = len(dy) - int(active[0])
    moved = u.nbytes * (len(active) - 1) + sent * sum(u.shape) * u.itemsize
    return Count("dx", sent * u.size, moved), _cells(dgates, dy, gates, c, tanh_c, active)


def _lstm_top_k(dgates: Any, chosen: Any, picked: Any, dx: Any, *rest: Any) -> Counts:
    choice = Count("select", dgates.size, _bytes(chosen, dgates))
    return *_lstm_sparse(dgates, chosen, picked, dx, *rest), choice


def _lstm_unified(dgates: Any, chosen: Any, picked: Any, dx: Any, *rest: Any) -> Counts:
    steps, width = len(rest[6]), dgates.shape[1]
    scores = Count("select", dgates.size, dgates.nbytes + steps * width * dgates.itemsize)
    read = steps * (width * dgates.itemsize + chosen.shape[1] * INDEX)
    return *_lstm_sparse(dgates, chosen, picked, dx, *rest), scores, Count("select", steps * width, read)


def _lstm_chosen(dgates: Any, picked: Any, dx: Any, chosen: Any, *rest: Any) -> Counts:
    return _lstm_sparse(dgates, chosen, picked, dx, *rest)


def _lstm_sparse(dgates: Any, chosen: Any, picked: Any, dx: Any, dy: Any, *rest: Any) -> Counts:
    """What the chosen units send to the step before and to x, the cells, the picking."""
    gates, c, tanh_c, u, w, active = rest[:6]
    sent, size = len(dy) - int(active[0]), u.shape[1]
    pairs = sent * chosen.shape[1] * size + (w.shape[1] * chosen.size if len(dx) else 0)
    read = (sent + len(dx)) * chosen.shape[1] * (u.itemsize + INDEX)  # the choice, once for U and once for W
    written = sent * size * u.itemsize + dx.nbytes
    sending = Count("dx", pairs, read + written + pairs * u.itemsize)
    return sending, _cells(dgates, dy, gates, c, tanh_c, active), _pick(picked, dgates, chosen)


def _cells(dgates: Any, dy: Any, gates: Any, c: Any, tanh_c: Any, active: Any) -> Count:
    return Count("other", 7 * dy.size, _bytes(dgates, dy, gates, tanh_c, active) + dy.nbytes)


def _move(out: Any, a: Any, order: Any, column: int, add: bool = False) -> Count:
    moved = len(order) * min(out.shape[1], a.shape[1])
    return Count("other", moved, (3 if add else 2) * moved * a.itemsize + order.nbytes)


def _forward_map(y: Any, x: Any, *rest: Any) -> Count:
    return Count("forward", y.size, _bytes(y, x, *rest))


def _backward_map(dx: Any, dy: Any, *rest: Any) -> Count:
    return Count("other", dx.size, _bytes(dx, dy, *rest))


def _loss(losses: Any, dlogits: Any, logits: Any, labels: Any, factor: float) -> Count:
    return Count("other", 4 * logits.size, _bytes(losses, dlogits, logits, labels))


def _update(per_entry: int, arrays: int) -> Callable[..., Count]:
    """A count for an optimiser that keeps `arrays` moments and does `per_entry` operations on an entry."""

    def count(w: Any, *rest: Any) -> Count:
        rows, g = rest[arrays : arrays + 2]
        entries = w.size if rest[-1] else g.size  # the last argument is `everywhere`
        moved = 2 * (1 + arrays) * entries * w.itemsize + _bytes(g, rows)
        return Count("update", per_entry * entries, moved)

    return count


def _sgd(w: Any, velocity: Any, *rest: Any) -> Count:
    if velocity.size:
        return _update(2, 1)(w, velocity, *rest)
    return _update(1, 0)(w, *rest)


def _sum_of_squares(out: Any, g: Any) -> Count:
    return Count("update", g.size, _bytes(g))


def _bytes(*arrays: Any) -> int:
    return sum(a.nbytes for a in arrays if hasattr(a, "nbytes") and a.ndim)


FORMULAS: dict[str, Callable[..., Count | Counts]] = {
    "linear.forward": _forward,
    "linear.chain": _chain,
    "linear.pick_rows": _pick,
    "linear.pick_chosen": _pick,
    "linear.dw_all": _dw_all,
    "linear.dw_chosen": _dw_chosen,
    "linear.dx_all": _dx_all,
    "linear.dx_rows": _dx_rows,
    "linear.dx_chosen": _dx_chosen,
    "linear.db_all": _db_all,
    "linear.db_chosen": _db_chosen,
    "select.top_k": _top_k,
    "select.score": _score,
    "select.invert": _invert,
    "select.count_rows": _count_hits,
    "select.count_chosen": _count_hits,
    **{f"activation.{f}": _forward_map for f in ("relu", "tanh", "sigmoid", "cube", "dropout")},
    **{f"activation.{f}_backward": _backward_map for f in ("relu", "tanh", "sigmoid", "cube", "dropout")},
    "activation.add": _backward_map,
    "activation.scale": _backward_map,
    "embedding.forward": _look_up,
    "embedding.backward": _look_up_backward,
    "lstm.forward": _lstm,
    "lstm.backward_all": _lstm_all,
    "lstm.backward_top_k": _lstm_top_k,
    "lstm.backward_unified": _lstm_unified,
    "lstm.backward_chosen": _lstm_chosen,
    "lstm.take": _move,
    "lstm.put": _move,
    "loss.softmax_cross_entropy": _loss,
    "update.sgd": _sgd,
    "update.adagrad": _update(4, 1),
    "update.adam": _update(8, 2),
    "update.sum_of_squares": _sum_of_squares,
}
