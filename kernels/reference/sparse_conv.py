"""Convolution where each filter reads some channels only, those of a graph, and its backward products.

    x (batch, pixels, n_in)    pictures, pixel by pixel; y and dy (batch, P, n_out) at the P positions of a window
    w (edges, taps)            for each edge, output by output, a weight for each place of the window
    start, source, back, target, edge, group, member
                               the graph from channels to outputs, as in sparse.py

    y[n, p, o] = sum of w[e, t] x[n, pixel of tap t of window p, source[e]] over t and the edges e of o, + b[o]

Products take planes, in which the pixels of a channel lie side by side: xq (panels, phases, n_in, width). A panel
holds some pictures one after another. place int32 (pictures pixels, 2) says where their pixels are: the phase, and
the place in the rows of its channels. All else holds zeros. Where a window moves on by s pixels, a phase has every
s-th pixel, so that neighbours in a row are seen by neighbouring windows. Planes of y and dy have one phase, and
their places are those of the positions.

    tap int32 (taps, 2)        phase and shift: tap t of the window that stands at q is at q + shift of its phase

So a product is a few sums of shifted rows, whatever the graph. A row goes on for MORE bytes behind its last place,
and no shift leads out of it. `total` is how many positions all pictures have, for the counts.

Where x or w is not finite, a backend may say NaN in dW of all taps of an edge: zeros between the places count.
"""

import numpy as np

MORE = 64  # bytes behind the last place of a row, and a width in bytes is a multiple of it


def to_planes(xq, x, place):
    """xq = x in planes. Pictures that the last panel lacks become zeros."""
    pixels = x.shape[1]
    for i, (phase, q) in enumerate(place):
        mine = x[i // pixels :: len(place) // pixels, i % pixels]
        xq[: len(mine), phase, :, q] = mine
        xq[len(mine) :, phase, :, q] = 0


def forward(y, xq, x, w, b, tap, start, source, group, member, pixel, position):
    """Write x into the planes xq, and y. pixel, position: the places of x and of y."""
    to_planes(xq, x, pixel)
    q = position[:, 1]
    seen, sums = _seen(xq, tap, q), np.empty((len(xq), len(q), y.shape[2]), y.dtype)
    for o in range(len(start) - 1):
        mine = slice(start[o], start[o + 1])
        sums[..., o] = np.tensordot(w[mine], seen[source[mine]], ((0, 1), (0, 1))) + b[o]
    y[...] = sums.reshape(-1, *y.shape[1:])[: len(y)]


def dw(dw, dyq, xq, tap, start, source, rows, row, group, member, position, total):
    """dW of the edges of the outputs `rows`, int32 ascending, one output after another.

    row int32 (n_out,): where each output stands in dyq. group and member list places in `rows`.
    """
    q, at = position[:, 1], 0
    seen = _seen(xq, tap, q)
    for o in rows:
        inputs = source[start[o] : start[o + 1]]
        dw[at : at + len(inputs)] = np.tensordot(seen[inputs], dyq[:, 0, row[o], q], ((2, 3), (0, 1)))
        at += len(inputs)


def dx(dx, dyq, w, tap, back, target, edge, row, group, member, pixel, total):
    """dx at the pixels. row int32 (n_out,): where each output stands in dyq, -1 for none."""
    sums = np.zeros((len(dyq), len(pixel), dx.shape[2]), dx.dtype)
    for phase in np.unique(pixel[:, 0]):
        here, taps = np.flatnonzero(pixel[:, 0] == phase), np.flatnonzero(tap[:, 0] == phase)
        around = dyq[:, 0][:, :, pixel[here, 1] - tap[taps, 1][:, None]]
        for i in range(len(back) - 1):
            mine = np.arange(back[i], back[i + 1])
            mine = mine[row[target[mine]] >= 0]
            weights = w[edge[mine]][:, taps]
            sums[:, here, i] = np.einsum("et,petq->pq", weights, around[:, row[target[mine]]])
    dx[...] = sums.reshape(-1, *dx.shape[1:])[: len(dx)]


def spread(dy, count, begin, entry, picked):
    """dy (batch, P, n_out) from lists of its entries, as `conv.backward_chosen` takes them, and zeros elsewhere.

    count int32 (n_out,): how many entries of each output are not zero; NaN is not.
    """
    dy.fill(0)
    example = np.repeat(np.arange(len(dy)), np.diff(begin))
    dy.reshape(len(dy), -1)[example, entry[: begin[-1]]] = picked[: begin[-1]]
    count[:] = np.count_nonzero(dy, axis=(0, 1))


def _seen(xq, tap, q):
    """What the taps see at q: (channels, taps, panels, positions)."""
    return xq[:, tap[:, 0, None], :, q + tap[:, 1, None]].transpose(3, 0, 2, 1)
