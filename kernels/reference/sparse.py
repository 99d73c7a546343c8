"""y = x Wᵀ + b where W has entries on the edges of a graph only, and the backward products.

    x (batch, n_in), y and dy (batch, n_out)
    w (edges,)               one weight for each edge, output by output
    start int32 (n_out + 1,), source int32 (edges,)
                             output o has the edges start[o]:start[o + 1], and edge e comes from input source[e]
    back int32 (n_in + 1,), target, edge int32 (edges,)
                             the same by inputs: input i leads to the outputs target[t] by the edges edge[t], for t
                             in back[i]:back[i + 1]

Products of many examples take panels, where the batch is last: xt (panels, n_in, width) holds x[p width + j, i] at
[p, i, j], and zeros beyond the batch. Each edge is then a few vectors of examples. `batch` is how many examples
there are, for the counts.

group int32 (groups + 1,) and member int32 (n_out,) list the outputs so that all of member[group[g]:group[g + 1]]
have the same inputs: a kernel may load these once. For dx they list the inputs. What is written does not depend on
them. Each node stands there once.

An output may have no edge, and an input none.
"""

import numpy as np

STEP = 64  # bytes of a vector of examples: the width of a panel in bytes is a multiple of it
WIDE = 128  # bytes, the widest panel: each thread takes panels of its own, from x to y
FEW = 4  # examples from which panels are faster, though they hold more than these
LISTED = 16  # a multiply-add of a list takes as long as so many in panels


def to_panels(xt, x):
    """xt = x in panels."""
    panels, n, width = xt.shape
    whole = np.zeros((panels * width, n), x.dtype)
    whole[: len(x)] = x
    xt[...] = whole.reshape(panels, width, n).transpose(0, 2, 1)


def from_panels(y, yt):
    """y = what is in the panels, without the zeros beyond the batch."""
    y[...] = yt.transpose(0, 2, 1).reshape(-1, y.shape[1])[: len(y)]


def forward(yt, xt, w, b, start, source, group, member, batch):
    """y = x Wᵀ + b, in panels."""
    for o, (weights, inputs) in enumerate(_lists(w, start, source)):
        yt[:, o] = weights @ xt[:, inputs] + b[o]


def dx(dxt, dyt, w, back, target, edge, group, member, batch):
    """dx = dy W, in panels."""
    for i, (weights, outputs) in enumerate(_lists(w[edge], back, target)):
        dxt[:, i] = weights @ dyt[:, outputs]


def dw(dw, dyt, xt, start, source, group, member, batch):
    """dw[e] = sum over the batch of dy[output of e] x[input of e]."""
    for o in range(len(start) - 1):
        mine = slice(start[o], start[o + 1])
        dw[mine] = np.einsum("pj,pej->e", dyt[:, o], xt[:, source[mine]])


def lists_to_panels(picked, begin, example, value, batch):
    """picked[:, s] in panels: value[i] for example[i], over i in begin[s]:begin[s + 1], and zeros elsewhere."""
    width = picked.shape[2]
    picked.fill(0)
    for s in range(len(begin) - 1):
        for i in range(begin[s], begin[s + 1]):
            picked[example[i] // width, s, example[i] % width] = value[i]


def spread(dyt, picked, rows, batch):
    """dyt[:, rows] = picked, in panels, and zeros elsewhere."""
    dyt.fill(0)
    dyt[:, rows] = picked


def dx_rows(dxt, picked, w, rows, start, source, batch):
    """dx = picked W[rows], in panels: the edges of r outputs only. picked (panels, r, width)."""
    dxt.fill(0)
    for s, o in enumerate(rows):
        for t in range(start[o], start[o + 1]):
            dxt[:, source[t]] += w[t] * picked[:, s]


def dw_rows(dw, picked, xt, rows, start, source, batch):
    """dW of the edges of `rows`, one output after another. picked (panels, r, width)."""
    at = 0
    for s, o in enumerate(rows):
        inputs = source[start[o] : start[o + 1]]
        dw[at : at + len(inputs)] = np.einsum("pj,pej->e", picked[:, s], xt[:, inputs])
        at += len(inputs)


def forward_few(y, x, w, b, start, source):
    """y = x Wᵀ + b, of a few examples."""
    for o, (weights, inputs) in enumerate(_lists(w, start, source)):
        y[:, o] = x[:, inputs] @ weights + b[o]


def dx_few(dx, dy, w, back, target, edge):
    """dx = dy W, of a few examples."""
    for i, (weights, outputs) in enumerate(_lists(w[edge], back, target)):
        dx[:, i] = dy[:, outputs] @ weights


def dw_few(dw, dy, x, start, source):
    """dW of a few examples."""
    output = np.repeat(np.arange(len(start) - 1), np.diff(start))
    dw[...] = np.einsum("be,be->e", dy[:, output], x[:, source])


def edges_of(edges, rows, start):
    """edges int32: the edges of the outputs `rows`, one output after another."""
    at = 0
    for o in rows:
        n = start[o + 1] - start[o]
        edges[at : at + n] = np.arange(start[o], start[o + 1])
        at += n


def dw_chosen(dw, value, x, begin, example, rows, start, source):
    """dW of the edges of `rows`, one output after another, for a choice listed by units.

    Edge e of rows[s] gets the sum of value[i] x[example[i], source[e]] over i in begin[s]:begin[s + 1], as
    `select.invert` writes the lists.
    """
    at = 0
    for s, o in enumerate(rows):
        mine, inputs = slice(begin[s], begin[s + 1]), source[start[o] : start[o + 1]]
        dw[at : at + len(inputs)] = value[mine] @ x[example[mine]][:, inputs]
        at += len(inputs)


def dx_chosen(dx, value, w, begin, unit, start, source):
    """dx[e] = sum of value[i] W[unit[i]] over i in begin[e]:begin[e + 1]: the edges of the units that e chose."""
    dx.fill(0)
    for e in range(len(dx)):
        for i in range(begin[e], begin[e + 1]):
            mine = slice(start[unit[i]], start[unit[i] + 1])
            dx[e, source[mine]] += value[i] * w[mine]


def chain(y, alive, live, x, w, b, group, member, first, source, ceiling):
    """Many layers of n nodes: x = min(max(x Wᵀ + b, 0), ceiling), and examples that have died are left out.

    The tables have a row for each layer. A layer is groups of outputs with the same inputs: group g has the outputs
    member[group[g]:group[g + 1]] and reads source[first[g]:first[g + 1]]. w holds the weights group by group: for
    one output after another, a weight for each input. Each node is an output of one group, which may have no
    input. group and first (layers, n + 1), where the last groups may be empty; b and member (layers, n). What
    stands in w and source behind the last group is not read.

    No entry of b may be above 0: an example whose nodes are all 0 then stays so, and needs no more layers. For the
    same reason a bias on sums that are not zero only, as the GraphChallenge has it, would give the same.
    x (batch, n) holds numbers of 0 and more, of any type.

    alive bool (batch,): which examples are left after all layers, and y (batch, n) has the results of these; its
    other rows stay as they are. y may have no rows, where nobody wants results. live int64 (layers,): how many
    examples are left after each layer.
    """
    left, a = np.arange(len(x)), x.astype(y.dtype)
    for layer in range(len(w)):
        out, at = np.empty_like(a), 0
        for g in range(len(group[layer]) - 1):
            outputs = member[layer, group[layer, g] : group[layer, g + 1]]
            inputs = source[layer, first[layer, g] : first[layer, g + 1]]
            size = len(outputs) * len(inputs)
            weights = w[layer, at : at + size].reshape(len(outputs), len(inputs))
            out[:, outputs] = a[:, inputs] @ weights.T + b[layer, outputs]
            at += size
        a = out.clip(0, ceiling)
        there = a.any(axis=1)
        left, a = left[there], a[there]
        live[layer] = len(left)
    alive.fill(False)
    alive[left] = True
    if len(y):
        y[left] = a


def _lists(w, start, source):
    """The weights and the inputs of each output."""
    return zip(np.split(w, start[1:-1]), np.split(source, start[1:-1]))
