"""Workers of local response normalisation. Each thread finishes whole lines of pixels, in loops over a line.

The sum over a box is made of sums along its axes, first down, then across, then over channels. Lines that are
summed across have zeros at their ends, and so have rows of channels.
"""

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
    line, row = _scratch(x, box)
    for at in range(first, last):
        e, h = at // x.shape[1], at % x.shape[1]
        now = scale[e, h].reshape(-1)
        if box[1] == 3 and box[2] == 1:  # the usual window, in one loop
            _sum_lines(line, len(now), x[e], h, box, before, True)
            _three(now, line, x.shape[3], factor, k)
        else:
            _sum_boxes(now, x[e], h, box, before, line, row, True)
            for i in range(len(now)):
                now[i] = k + factor * now[i]
        _times_power(y[e, h].reshape(-1), x[e, h].reshape(-1), now, beta)


@kernel(parallel=True)
def backward_pieces(dx, dy, y, scale, x, box, factor, beta, work, lines, n):
    for p in prange(n):
        ratio(work, dy, y, scale, lines * p // n, lines * (p + 1) // n)
    for p in prange(n):
        backward(dx, dy, scale, x, box, factor, beta, work, lines * p // n, lines * (p + 1) // n)


@kernel
def ratio(work, dy, y, scale, first, last):
    for at in range(first, last):
        e, h = at // y.shape[1], at % y.shape[1]
        _ratio(work[e, h].reshape(-1), dy[e, h].reshape(-1), y[e, h].reshape(-1), scale[e, h].reshape(-1))


@kernel
def _ratio(work, dy, y, scale):
    for i in range(len(work)):
        work[i] = dy[i] * y[i] / scale[i]


@kernel
def backward(dx, dy, scale, x, box, factor, beta, work, first, last):
    before = (box[0] - 1) // 2, (box[1] - 1) // 2, (box[2] - 1) // 2
    line, row = _scratch(x, box)
    near = np.empty(x.shape[2] * x.shape[3], x.dtype)
    for at in range(first, last):
        e, h = at // x.shape[1], at % x.shape[1]
        _sum_boxes(near, work[e], h, box, before, line, row, False)
        out = dx[e, h].reshape(-1)
        _times_power(out, dy[e, h].reshape(-1), scale[e, h].reshape(-1), beta)
        _less(out, x[e, h].reshape(-1), near, factor)


@kernel
def _less(out, x, near, factor):
    for i in range(len(out)):
        out[i] -= factor * x[i] * near[i]


@kernel
def _scratch(x, box):
    """A line of pixels and a row of channels with zeros on both sides."""
    line = np.zeros((x.shape[2] + box[1] - 1) * x.shape[3], x.dtype)
    return line, np.zeros(x.shape[3] + box[2] - 1, x.dtype)


@kernel
def _sum_boxes(total, a, h, box, before, line, row, squared):
    """total = for each entry of line h of the picture a the sum of a, or of its squares, over the box around it."""
    channels = a.shape[2]
    _sum_lines(line, len(total), a, h, box, before, squared)
    _copy(total, line)
    for j in range(1, box[1]):
        _add(total, line[j * channels :])
    if box[2] > 1:
        for at in range(0, len(total), channels):
            mine = total[at : at + channels]
            row[before[2] : before[2] + channels] = mine
            mine[:] = row[:channels]
            for c in range(1, box[2]):
                _add(mine, row[c:])


@kernel
def _sum_lines(line, n, a, h, box, before, squared):
    """Into the middle of `line` the sum over the lines of a box around line h of a, or of the squares in them."""
    channels, first = a.shape[2], h - before[0]
    inside = line[before[1] * channels : before[1] * channels + n]
    inside[:] = 0
    for i in range(max(first, 0), min(first + box[0], a.shape[0])):
        if squared:
            _add_squares(inside, a[i].reshape(-1))
        else:
            _add(inside, a[i].reshape(-1))


@kernel
def _three(total, line, channels, factor, k):
    """total = k + factor times the sum of three neighbouring pixels."""
    middle, right = line[channels:], line[2 * channels :]
    for i in range(len(total)):
        total[i] = k + factor * (line[i] + middle[i] + right[i])


@kernel
def _copy(total, a):
    """Assigning to a slice would take several times as long."""
    for i in range(len(total)):
        total[i] = a[i]


@kernel
def _add(total, a):
    for i in range(len(total)):
        total[i] += a[i]


@kernel
def _add_squares(total, a):
    for i in range(len(total)):
        total[i] += a[i] * a[i]


@kernel
def _times_power(out, x, scale, beta):
    """out = x scale^-beta. The usual 3/4 needs two roots, which are vectorised, unlike powers."""
    one = scale.dtype.type(1)
    if beta == scale.dtype.type(0.75):
        for i in range(len(out)):
            root = one / np.sqrt(scale[i])
            out[i] = x[i] * (root * np.sqrt(root))
    else:
        for i in range(len(out)):
            out[i] = x[i] * scale[i] ** -beta
