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


def _forward(y: Any, x: Any, w: Any, b: Any) -> Count:
    return Count("forward", len(x) * w.size, _bytes(y, x, w, b))


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


FORMULAS: dict[str, Callable[..., Count]] = {
    "linear.forward": _forward,
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
    **{f"activation.{f}": _forward_map for f in ("relu", "tanh", "sigmoid", "cube", "dropout")},
    **{f"activation.{f}_backward": _backward_map for f in ("relu", "tanh", "sigmoid", "cube", "dropout")},
    "activation.add": _backward_map,
    "activation.scale": _backward_map,
    "loss.softmax_cross_entropy": _loss,
    "update.sgd": _sgd,
    "update.adagrad": _update(4, 1),
    "update.adam": _update(8, 2),
    "update.sum_of_squares": _sum_of_squares,
}
