"""One direction of an LSTM; see reference/lstm.py. Here: in how many pieces. The loops stand in recurrent*.py."""

import numpy as np

from . import recurrent, recurrent_sparse
from .policy import pieces
from .select import integers

__all__ = ["backward_all", "backward_chosen", "backward_top_k", "backward_unified", "forward", "put", "take"]


def forward(h, c, tanh_c, gates, u, active):
    n = pieces(int(active[0]) * u.size)
    if n > 1:
        recurrent.forward_pieces(h, c, tanh_c, gates, u, active, n)
    else:
        recurrent.forward(h, c, tanh_c, gates, u, active)


def backward_all(dgates, dy, gates, c, tanh_c, u, active, work):
    n = pieces(int(active[0]) * u.size)
    if n > 1:
        recurrent.backward_all_pieces(dgates, dy, gates, c, tanh_c, u, active, work, n)
    else:
        recurrent.backward_all(dgates, dy, gates, c, tanh_c, u, active, work)


def backward_top_k(dgates, chosen, picked, dy, gates, c, tanh_c, u, active, groups, work):
    bits, infinity = integers(dgates)
    kept = (gates, c, tanh_c, u, active)
    n = _shares(chosen, u, active)
    if n > 1:
        recurrent_sparse.top_k_pieces(dgates, bits, infinity, chosen, picked, dy, kept, groups, work, n)
    else:
        recurrent_sparse.top_k(dgates, bits, infinity, chosen, picked, dy, kept, groups, work, 0, 1)


def backward_unified(dgates, chosen, picked, dy, gates, c, tanh_c, u, active, groups, kind, work):
    score, kept = np.empty((1, dgates.shape[1]), dgates.dtype), (gates, c, tanh_c, u, active)
    bits, infinity = integers(score)
    recurrent_sparse.unified(dgates, score, bits, infinity, chosen, picked, dy, kept, groups, kind, work)


def backward_chosen(dgates, picked, chosen, dy, gates, c, tanh_c, u, active, scale, work):
    kept, scale = (gates, c, tanh_c, u, active), dgates.dtype.type(scale)
    n = _shares(chosen, u, active)
    if n > 1:
        recurrent_sparse.given_pieces(dgates, picked, chosen, dy, kept, scale, work, n)
    else:
        recurrent_sparse.given(dgates, picked, chosen, dy, kept, scale, work, 0, 1)


def _shares(chosen, u, active):
    """Among how many threads the sentences are dealt out."""
    return min(pieces(chosen.size * u.shape[1]), int(active[0]))


def take(out, a, order, column):
    recurrent_sparse.take(out, a, order, column)


def put(out, a, order, column, add):
    recurrent_sparse.put(out, a, order, column, add)
