"""One direction of an LSTM; see reference/lstm.py.

Here is decided in how many pieces each loop over time runs. The loops themselves are in recurrence/.
"""

import numpy as np

from ..reference.lstm import LISTS
from .policy import pieces
from .recurrence import chosen as sparse
from .recurrence import dense as recurrent
from .recurrence import lists
from .selection.top_k import integers

__all__ = [
    "LISTS", "backward_all", "backward_chosen", "backward_lists", "backward_top_k", "backward_unified", "forward",
    "put", "take",
]  # fmt: skip

_nobody_waits = np.zeros(1, np.int64)

SMALL = (
    1 << 18
)  # bytes of U up to which a transposed copy pays for few sentences, and a second thread does not


def forward(h, c, tanh_c, gates, u, active):
    n = pieces(int(active[0]) * u.size)
    if u.nbytes <= SMALL and active[0] <= recurrent.FEW:
        recurrent.forward_small(h, c, tanh_c, gates, u, active)
    elif n > 1:
        recurrent.forward_pieces(h, c, tanh_c, gates, u, active, n)
    else:
        recurrent.forward(h, c, tanh_c, gates, u, active)


def backward_all(dgates, dy, gates, c, tanh_c, u, active, work):
    n = pieces(int(active[0]) * u.size)
    if n > 1:
        recurrent.backward_all_pieces(dgates, dy, gates, c, tanh_c, u, active, work, n)
    else:
        recurrent.backward_all(dgates, dy, gates, c, tanh_c, u, active, work)


def backward_top_k(dgates, chosen, picked, dx, dy, gates, c, tanh_c, u, w, active, groups, work):
    bits, infinity = integers(dgates)
    kept = (gates, c, tanh_c, u, w, active)
    n = _shares(chosen.size, u, active)
    if n > 1:
        sparse.top_k_pieces(dgates, bits, infinity, chosen, picked, dx, dy, kept, groups, work, n)
    else:
        sparse.top_k(dgates, bits, infinity, chosen, picked, dx, dy, kept, groups, work, _nobody_waits, 0, 1)


def backward_unified(dgates, chosen, picked, dx, dy, gates, c, tanh_c, u, w, active, groups, kind, work):
    score, kept = np.empty((1, dgates.shape[1]), dgates.dtype), (gates, c, tanh_c, u, w, active)
    bits, infinity = integers(score)
    sparse.unified(
        dgates, score, bits, infinity, chosen, picked, dx, dy, kept, groups, kind, work, _nobody_waits
    )


def backward_chosen(dgates, picked, dx, chosen, dy, gates, c, tanh_c, u, w, active, scale, work):
    kept, scale = (gates, c, tanh_c, u, w, active), dgates.dtype.type(scale)
    n = _shares(chosen.size, u, active)
    if n > 1:
        sparse.given_pieces(dgates, picked, dx, chosen, dy, kept, scale, work, n)
    else:
        sparse.given(dgates, picked, dx, chosen, dy, kept, scale, work, _nobody_waits, 0, 1)


def backward_lists(
    dgates, length, chosen, picked, dx, dy, gates, c, tanh_c, u, w, active, groups, k, kind, points, work
):
    bits, infinity = integers(dgates)
    table, kept = (length, chosen, picked), (gates, c, tanh_c, u, w, active)
    n = _shares(len(dgates) * groups * k, u, active)
    if len(points) < len(dgates):
        keep = LISTS[kind] == "threshold"
        lists.together(dgates, bits, infinity, table, dx, dy, kept, k, keep, points, work, _nobody_waits)
    elif n > 1:
        lists.each_pieces(dgates, bits, infinity, table, dx, dy, kept, k, kind, points, work, n)
    else:
        lists.each(dgates, bits, infinity, table, dx, dy, kept, k, kind, points, work, _nobody_waits, 0, 1)


def _shares(chosen, u, active):
    """How many threads share the sentences; a single one takes two threads (recurrence/chosen.py).

    chosen: how many units in all.
    """
    n, sentences = pieces(chosen * u.shape[1]), int(active[0])
    return min(n, sentences if sentences > 1 else 2)


def take(out, a, order, column):
    sparse.take(out, a, order, column)


def put(out, a, order, column, add):
    sparse.put(out, a, order, column, add)
