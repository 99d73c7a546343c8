"""One direction of an LSTM whose gates have lost entries; see reference/ragged.py.

Here: among how many threads the sentences are dealt out. The loops stand in ragged_*.py. The work is that of the
entries that are left, and of the cells.
"""

import numpy as np

from . import ragged_dense as dense
from . import ragged_sparse as sparse
from .policy import pieces
from .select import integers

__all__ = ["backward_all", "backward_chosen", "backward_top_k", "backward_unified", "forward"]


def forward(h, c, tanh_c, gates, sums, u, active, place):
    n = min(pieces(len(sums) * u.size), int(active[0]))
    if n > 1:
        dense.forward_pieces(h, c, tanh_c, gates, sums, u, active, place, n)
    else:
        dense.forward(h, c, tanh_c, gates, sums, u, active, place, 0, 1)


def backward_all(dgates, dy, gates, c, tanh_c, u, active, place, work):
    n = min(pieces(len(dy) * u.size), int(active[0]))
    if n > 1:
        dense.backward_all_pieces(dgates, dy, gates, c, tanh_c, u, active, place, work, n)
    else:
        dense.backward_all(dgates, dy, gates, c, tanh_c, u, active, place, work, 0, 1)


def backward_top_k(dgates, chosen, picked, dx, dy, gates, c, tanh_c, u, w, active, place, ends, picks, work):
    bits, infinity = integers(dgates)
    kept, n = (gates, c, tanh_c, u, w, active, place), _shares(chosen, u, active)
    if n > 1:
        sparse.top_k_pieces(dgates, bits, infinity, chosen, picked, dx, dy, kept, ends, picks, work, n)
    else:
        sparse.top_k(dgates, bits, infinity, chosen, picked, dx, dy, kept, ends, picks, work, 0, 1)


def backward_unified(
    dgates, chosen, picked, dx, dy, gates, c, tanh_c, u, w, active, place, ends, picks, kind, work
):
    score, kept = np.empty((1, dgates.shape[1]), dgates.dtype), (gates, c, tanh_c, u, w, active, place)
    bits, infinity = integers(score)
    sparse.unified(dgates, score, bits, infinity, chosen, picked, dx, dy, kept, ends, picks, kind, work)


def backward_chosen(dgates, picked, dx, chosen, dy, gates, c, tanh_c, u, w, active, place, scale, work):
    kept, n = (gates, c, tanh_c, u, w, active, place), _shares(chosen, u, active)
    if n > 1:
        sparse.given_pieces(dgates, picked, dx, chosen, dy, kept, scale, work, n)
    else:
        sparse.given(dgates, picked, dx, chosen, dy, kept, scale, work, 0, 1)


def _shares(chosen, u, active):
    return min(pieces(chosen.size * u.shape[1]), int(active[0]))
