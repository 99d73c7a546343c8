"""Workers of local response normalisation. Each thread finishes whole lines of pixels."""

import numpy as np
from numba import prange

from ..policy import kernel


@kernel(parallel=True)
def forward_pieces(y, scale, x, box, factor, beta, k, lines, n):
    for p in prange(n):
        forward(y, scale, x, box, factor, beta, k, lines * p // n, lines * (p + 1) // n)


@kernel
def forward(y, scale, x, box, factor, beta, k, first, last):
    before = box[0] // 2, box[1] // 2, box[2] // 2
    wide = np.zeros(x.shape[3] + box[2] - 1, x.dtype)
    for line in range(first, last):
        e, h = line // x.shape[1], line % x.shape[1]
        for w in range(x.shape[2]):
            now = scale[e, h, w]
            _sum_box(now, wide, x[e], h, w, box, before, True)
            for c in range(len(now)):
                now[c] = k + factor * now[c]
            _times_power(y[e, h, w], x[e, h, w], now, beta)


@kernel(parallel=True)
def backward_pieces(dx, dy, y, scale, x, box, factor, beta, work, lines, n):
    for p in prange(n):
        ratio(work, dy, y, scale, lines * p // n, lines * (p + 1) // n)
    for p in prange(n):
        backward(dx, dy, scale, x, box, factor, beta, work, lines * p // n, lines * (p + 1) // n)


@kernel
def ratio(work, dy, y, scale, first, last):
    for line in range(first, last):
        e, h = line // y.shape[1], line % y.shape[1]
        for w in range(y.shape[2]):
            for c in range(y.shape[3]):
                work[e, h, w, c] = dy[e, h, w, c] * y[e, h, w, c] / scale[e, h, w, c]


@kernel
def backward(dx, dy, scale, x, box, factor, beta, work, first, last):
    before = (box[0] - 1) // 2, (box[1] - 1) // 2, (box[2] - 1) // 2
    wide, near = np.zeros(x.shape[3] + box[2] - 1, x.dtype), np.empty(x.shape[3], x.dtype)
    for line in range(first, last):
        e, h = line // x.shape[1], line % x.shape[1]
        for w in range(x.shape[2]):
            out, own = dx[e, h, w], x[e, h, w]
            _sum_box(near, wide, work[e], h, w, box, before, False)
            _times_power(out, dy[e, h, w], scale[e, h, w], beta)
            for c in range(len(out)):
                out[c] -= factor * own[c] * near[c]


@kernel
def _sum_box(total, wide, a, h, w, box, before, squared):
    """total = the sum of a, or of its squares, over the box around (h, w). wide: scratch, zero at its ends."""
    middle = wide[before[2] : before[2] + len(total)]
    middle[:] = 0
    top, left = h - before[0], w - before[1]
    for i in range(max(top, 0), min(top + box[0], a.shape[0])):
        for j in range(max(left, 0), min(left + box[1], a.shape[1])):
            if squared:
                _add_squares(middle, a[i, j])
            else:
                _add(middle, a[i, j])
    total[:] = 0
    for c in range(box[2]):
        _add(total, wide[c:])


@kernel
def _add(total, row):
    for c in range(len(total)):
        total[c] += row[c]


@kernel
def _add_squares(total, row):
    for c in range(len(total)):
        total[c] += row[c] * row[c]


@kernel
def _times_power(out, row, scale, beta):
    """out = row scale^-beta. The usual 3/4 needs two roots, which are vectorised, unlike powers."""
    one = scale.dtype.type(1)
    if beta == scale.dtype.type(0.75):
        for c in range(len(out)):
            root = one / np.sqrt(scale[c])
            out[c] = row[c] * (root * np.sqrt(root))
    else:
        for c in range(len(out)):
            out[c] = row[c] * scale[c] ** -beta
