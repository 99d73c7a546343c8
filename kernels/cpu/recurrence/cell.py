"""The cell of an LSTM, for some units of one sentence at one step, and the rows of each step.

A loop over units writes one array only, since for several LLVM does not prove that none overlaps another. The
array that it writes is not read there under another name, or the loop is not vectorised: tanh of 500 numbers then
takes 4.4 microseconds instead of 0.8.
"""

import numpy as np

from ..policy import kernel


@kernel
def starts(active):
    """The first row of each step in gates."""
    start = np.zeros(len(active), np.int64)
    for t in range(1, len(active)):
        start[t] = start[t - 1] + active[t - 1]
    return start


@kernel
def previous(start, active, t):
    """The first row in h and c of the step before step t, whose own first row is start[t] + active[0]."""
    return start[t - 1] + active[0] if t > 0 else np.int64(0)


@kernel
def four(gates, lo, hi):
    """Units lo to hi of i, f, g and o."""
    n = len(gates) // 4
    g, o = gates[2 * n + lo : 2 * n + hi], gates[3 * n + lo : 3 * n + hi]
    return gates[lo:hi], gates[n + lo : n + hi], g, o


@kernel
def cell_forward(h, c, tanh_c, gates, before, lo, hi):
    """Units lo to hi of one sentence at one step: gates become i, f, g, o. before: c of the step before."""
    i, f, g, o = four(gates, lo, hi)
    c, tanh_c = c[lo:hi], tanh_c[lo:hi]
    sigmoid(i)
    sigmoid(f)
    tanh(g)
    sigmoid(o)
    carry(c, before[lo:hi], i, f, g)
    tanh_c[:] = c
    tanh(tanh_c)
    times(h[lo:hi], o, tanh_c)


@kernel
def cell_backward(dgates, dh, dc, dy, gates, before, tanh_c, lo, hi):
    """dgates of units lo to hi of one sentence at one step. before: c of the step before.

    On entry dh and dc come from the next step; on exit dc is for the step before.
    """
    i, f, g, o = four(gates, lo, hi)
    di, df, dg, do = four(dgates, lo, hi)
    dh, dc, tanh_c = dh[lo:hi], dc[lo:hi], tanh_c[lo:hi]
    add(dh, dy[lo:hi])
    through_sigmoid(do, dh, tanh_c, o)
    to_state(dc, dh, o, tanh_c)
    through_sigmoid(di, dc, g, i)
    through_sigmoid(df, dc, before[lo:hi], f)
    through_tanh(dg, dc, i, g)
    scale(dc, f)


@kernel
def carry(c, before, i, f, g):
    for j in range(len(c)):
        c[j] = f[j] * before[j] + i[j] * g[j]


@kernel
def add(out, a):
    for j in range(len(out)):
        out[j] += a[j]


@kernel
def times(out, a, b):
    for j in range(len(out)):
        out[j] = a[j] * b[j]


@kernel
def scale(out, a):
    for j in range(len(out)):
        out[j] *= a[j]


@kernel
def add_four(out, w0, w1, w2, w3, r0, r1, r2, r3):
    for j in range(len(out)):
        out[j] += w0 * r0[j] + w1 * r1[j] + w2 * r2[j] + w3 * r3[j]


@kernel
def add_rows(out, weight, unit, a):
    """out += weight[i] a[unit[i]] for every i, four rows at a time."""
    n = len(unit) // 4 * 4
    for i in range(0, n, 4):
        r0, r1, r2, r3 = a[unit[i]], a[unit[i + 1]], a[unit[i + 2]], a[unit[i + 3]]
        add_four(out, weight[i], weight[i + 1], weight[i + 2], weight[i + 3], r0, r1, r2, r3)
    for i in range(n, len(unit)):
        row, weighs = a[unit[i]], weight[i]
        for j in range(len(out)):
            out[j] += weighs * row[j]


@kernel
def to_state(dc, dh, o, tanh_c):
    one = dc.dtype.type(1)
    for j in range(len(dc)):  # not a - a tanh²: infinity less infinity is NaN
        dc[j] += dh[j] * o[j] * (one - tanh_c[j] * tanh_c[j])


@kernel
def through_sigmoid(out, d, factor, y):
    one = out.dtype.type(1)
    for j in range(len(out)):
        out[j] = d[j] * factor[j] * (y[j] * (one - y[j]))


@kernel
def through_tanh(out, d, factor, y):
    one = out.dtype.type(1)
    for j in range(len(out)):
        out[j] = d[j] * factor[j] * (one - y[j] * y[j])


@kernel
def sigmoid(a):
    numbers = series(a)
    one, far = numbers[1], a.dtype.type(44)
    for j in range(len(a)):
        x = a[j]
        e = abs(x)
        e = exp_less_one(-(far if e > far else e), numbers)  # NaN passes
        y = one / (one + one + e)
        y = one if y > one else y  # a reassociated sum may be too large by a rounding, and 1 - y negative
        a[j] = one - y if x < 0 else y


@kernel
def tanh(a):
    numbers = series(a)
    one, far = numbers[1], a.dtype.type(22)
    for j in range(len(a)):
        x = a[j]
        e = abs(x)
        e = far if e > far else e
        e = exp_less_one(-(e + e), numbers)
        y = e / (one + one + e)
        y = -one if y < -one else y
        a[j] = y if x < 0 else -y


@kernel
def series(a):
    """The numbers of `exp_less_one` in the type of the array, since an integer among them would make it float64."""
    t = a.dtype.type
    return (
        t(1 / 128), t(1), t(1 / 2), t(1 / 3), t(1 / 4), t(1 / 5), t(1 / 6), t(1 / 7), t(1 / 8), t(1 / 9), t(1 / 10),
    )  # fmt: skip


@kernel
def exp_less_one(x, numbers):
    """exp(x) - 1 for -44 <= x <= 0: a series for x / 128, squared seven times; exact to about four roundings.

    It is vectorised. Calls of exp and tanh would take longer than all the rest of a cell.
    """
    small, one, a2, a3, a4, a5, a6, a7, a8, a9, a10 = numbers
    y = x * small
    e = one + y * a10
    e = one + y * a9 * e
    e = one + y * a8 * e
    e = one + y * a7 * e
    e = one + y * a6 * e
    e = one + y * a5 * e
    e = one + y * a4 * e
    e = one + y * a3 * e
    e = one + y * a2 * e
    e = y * e
    for _ in range(7):
        e = e * e + e + e  # (1 + e)² - 1
    return e
