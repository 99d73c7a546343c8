"""A slow oracle: what each kernel means, as loops over Python floats. Shares no line with the kernels."""

import math
from fractions import Fraction

import numpy as np


def forward(x, w, b):
    return [[b[o] + sum(xi * wi for xi, wi in zip(row, w[o])) for o in range(len(w))] for row in x]


def mask(choice, batch, n_out):
    """kept[e][o]: whether example e keeps unit o. choice: None, a list of units, or one list for each example."""
    if choice is None:
        return [[True] * n_out for _ in range(batch)]
    lists = choice if isinstance(choice[0], list) else [choice] * batch
    return [[o in units for o in range(n_out)] for units in lists]


def dw(dy, x, kept, rows):
    """The rows `rows` of dW: sums over the examples that keep the unit."""
    out = []
    for o in rows:
        row = [0.0] * len(x[0])
        for e in range(len(dy)):
            if kept[e][o]:
                for i in range(len(row)):
                    row[i] += dy[e][o] * x[e][i]
        out.append(row)
    return out


def dx(dy, w, kept):
    out = []
    for e in range(len(dy)):
        row = [0.0] * len(w[0])
        for o in range(len(w)):
            if kept[e][o]:
                for i in range(len(row)):
                    row[i] += dy[e][o] * w[o][i]
        out.append(row)
    return out


def db(dy, kept, rows):
    return [sum(dy[e][o] for e in range(len(dy)) if kept[e][o]) for o in rows]


def larger(a, b):
    """Whether a goes before b: the larger magnitude, NaN before everything."""
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and not math.isnan(b)
    return abs(a) > abs(b)


def top_k(g, k):
    """Take the largest that is left, the lower unit of equals, k times."""
    left = list(range(len(g)))
    chosen = []
    for _ in range(k):
        best = left[0]
        for j in left:
            if larger(g[j], g[best]):
                best = j
        left.remove(best)
        chosen.append(best)
    return sorted(chosen)


def top_k_batch(dy, k):
    """The batch k largest of all entries, without zeros, as a list of units for each example."""
    n = len(dy[0])
    best = top_k([v for row in dy for v in row], min(len(dy) * k, len(dy) * n))
    return [[j - e * n for j in best if j // n == e and row[j - e * n] != 0] for e, row in enumerate(dy)]


def bottom_k(g, k):
    """Take the smallest that is left and not zero, the lower unit of equals, k times if there are so many."""
    left = [j for j in range(len(g)) if g[j] != 0]
    chosen = []
    while left and len(chosen) < k:
        best = left[0]
        for j in left:
            if larger(g[best], g[j]):
                best = j
        left.remove(best)
        chosen.append(best)
    return sorted(chosen)


def positions(g, k):
    """The numbers of the k positions of each example with the largest sum of squares."""
    found = []
    for e, rows in enumerate(g):
        energy = [sum(v * v for v in row) for row in rows]
        found.append([e * len(rows) + p for p in top_k(energy, k)])
    return found


def score(dy, kind):
    columns = [[row[o] for row in dy] for o in range(len(dy[0]))]
    if kind == "sum":
        return [sum(abs(g) for g in c) for c in columns]
    if kind == "mean":
        return [sum(abs(g) for g in c) / len(c) for c in columns]
    if kind == "l2":
        return [math.sqrt(sum(g * g for g in c)) for c in columns]
    assert kind == "signed"
    return [abs(sum(c)) for c in columns]


def walk_order(n, lanes):
    """The units in the order in which a walk meets them."""
    return [j for lane in range(lanes) for j in range(lane, n, lanes)]


def tau(sizes, points):
    """The threshold of threshold sampling, by trying every number of entries that are kept for sure."""
    sizes = sorted(sizes, reverse=True)
    for sure in range(points):
        tau = Fraction(sum(sizes[sure:]), points - sure)
        if sure == len(sizes) or sizes[sure] < tau:
            return tau
    return min(sizes[:points])


def sampled(dy, u, k, lanes, threshold):
    """What is left of dy (integers) by walks that begin at u; None where a point lies close to a boundary."""
    each = len(dy) // len(u)
    kept = []
    for i, begin in enumerate(u):
        group = dy[i * each : (i + 1) * each]
        sizes, points = [abs(g) for row in group for g in row], each * k
        limit = tau(sizes, points) if threshold else math.inf
        total, sure = sum(s for s in sizes if s < limit), sum(s >= limit for s in sizes)
        step = Fraction(total, max(points - sure, 1))
        at = Fraction(begin)
        for row in group:
            mine = list(row)
            for j in walk_order(len(row), lanes):
                if abs(row[j]) >= limit:
                    continue
                before, at = at, at + (abs(row[j]) / step if total else 0)
                if row[j] and abs(at - round(at)) < Fraction(1, 1000) and at - int(begin) < points:
                    return None
                times = math.floor(at) - math.floor(before)
                mine[j] = float(times * step) * (1 if row[j] > 0 else -1)
            kept.append(mine)
    return kept


def signs(g, k):
    """The largest of each sign, the lower unit of equals."""
    found = []
    for sign, most in ((1, (k + 1) // 2), (-1, k // 2)):
        side = sorted((j for j in range(len(g)) if sign * g[j] > 0), key=lambda j: (-abs(g[j]), j))
        found += side[:most]
    return sorted(found)


def invert(chosen):
    """{unit: the examples that chose it, ascending}, units ascending."""
    units = sorted({o for row in chosen for o in row})
    return {o: [e for e, row in enumerate(chosen) if o in row] for o in units}


def softmax_cross_entropy(logits, labels, factor):
    """(losses, dlogits)."""
    losses, dlogits = [], []
    for row, label in zip(logits, labels):
        top = math.nan if any(map(math.isnan, row)) else max(row)
        exps = [math.exp(z - top) for z in row]
        total = sum(exps)
        losses.append(math.log(total) + top - row[label])
        dlogits.append([factor * (p / total - (c == label)) for c, p in enumerate(exps)])
    return losses, dlogits


def gradient(w, g, decay, clip, scale):
    """Of one weight, in the order of the specification: scale, decay, clip."""
    g = scale * g + decay * w
    if g > clip:
        return clip
    return -clip if g < -clip else g


def sgd(w, state, g, lr, momentum):
    """(w, state) of one weight after one step; `state` is a tuple."""
    if not momentum:
        return w - lr * g, state
    v = momentum * state[0] + g
    return w - lr * v, (v,)


def adagrad(w, state, g, lr, eps):
    h = state[0] + g * g
    return w - lr * g / math.sqrt(h + eps), (h,)


def adam(w, state, g, lr, betas, eps, t):
    """lr is the user's; the bias correction is made here."""
    m = betas[0] * state[0] + (1 - betas[0]) * g
    v = betas[1] * state[1] + (1 - betas[1]) * g * g
    rate = lr * math.sqrt(1 - betas[1] ** t) / (1 - betas[0] ** t)
    return w - rate * m / (math.sqrt(v) + eps), (m, v)


def each(function, *arrays):
    """function of Python floats, entry by entry, as a float64 array."""
    flat = [function(*values) for values in zip(*(a.ravel().tolist() for a in arrays))]
    return np.array(flat, np.float64).reshape(arrays[0].shape)


def lstm(x, w, u, b):
    """One sentence: for each word (i, f, g, o, c, c before, h before, x, h). w, u, b: rows of i, f, g, o."""
    size = len(u[0])
    h, c, tape = [0.0] * size, [0.0] * size, []
    for word in x:
        a = [
            b[r] + sum(p * q for p, q in zip(word, w[r])) + sum(p * q for p, q in zip(h, u[r]))
            for r in range(4 * size)
        ]
        i, f, o = ([1 / (1 + math.exp(-a[g * size + j])) for j in range(size)] for g in (0, 1, 3))
        g = [math.tanh(a[2 * size + j]) for j in range(size)]
        now = [f[j] * c[j] + i[j] * g[j] for j in range(size)]
        out = [o[j] * math.tanh(now[j]) for j in range(size)]
        tape.append((i, f, g, o, now, c, h, word, out))
        h, c = out, now
    return tape


def lstm_backward(tape, dy, w, u, kept, scale=1.0):
    """(dx, dw, du, dense dgates). kept[t][r]: whether, or times what, entry r of dgates goes on at word t."""
    size, n_in = len(u[0]), len(w[0])
    dh, dc = [0.0] * size, [0.0] * size
    dw, du = [[0.0] * n_in for _ in w], [[0.0] * size for _ in u]
    dx, dgates = [None] * len(tape), [None] * len(tape)
    for t in range(len(tape) - 1, -1, -1):
        i, f, g, o, c, before, h, word, _ = tape[t]
        d = [0.0] * (4 * size)
        for j in range(size):
            dh[j] += dy[t][j]
            th = math.tanh(c[j])
            dc[j] += dh[j] * o[j] * (1 - th * th)
            d[j] = dc[j] * g[j] * i[j] * (1 - i[j])
            d[size + j] = dc[j] * before[j] * f[j] * (1 - f[j])
            d[2 * size + j] = dc[j] * i[j] * (1 - g[j] * g[j])
            d[3 * size + j] = dh[j] * th * o[j] * (1 - o[j])
            dc[j] *= f[j]
        sent = [scale * keep * v if keep else 0.0 for v, keep in zip(d, kept[t])]
        dx[t] = [sum(sent[r] * w[r][m] for r in range(4 * size)) for m in range(n_in)]
        dh = [sum(sent[r] * u[r][m] for r in range(4 * size)) for m in range(size)]
        for r in range(4 * size):
            for m in range(n_in):
                dw[r][m] += sent[r] * word[m]
            for m in range(size):
                du[r][m] += sent[r] * h[m]
        dgates[t] = d
    return dx, dw, du, dgates
