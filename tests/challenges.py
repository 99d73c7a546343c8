"""What the tests of the GraphChallenge share: pictures, files like the official ones, an oracle of dense layers."""

import numpy as np
from helpers import format_idx

from minimalbp.topology import CHALLENGE, challenge_layers

N = 1024


def put_pictures(folder, count=40):
    """IDX files of pictures with a bright part each, from a few pixels to nearly all."""
    rng = np.random.default_rng(0)
    x = np.zeros((count, 28, 28), np.uint8)
    for picture, rows in zip(x, rng.integers(2, 27, count)):
        picture[:rows] = rng.integers(100, 256, (rows, 28))
    folder.mkdir(exist_ok=True)
    y = (np.arange(count) % 10).astype(np.uint8)
    for name, array in (("train-images-idx3-ubyte", x), ("train-labels-idx1-ubyte", y)):
        (folder / name).write_bytes(format_idx(array))
    return folder, x


def layers(depth, rng=None):
    """(graph, weights) of each layer: 1/16, or drawn around it."""
    for graph in challenge_layers(N, depth):
        weights = np.full(graph.n_edges, 1 / 16) if rng is None else rng.uniform(0, 0.1, graph.n_edges)
        yield graph, weights.astype(np.float32)


def dense_run(x, network):
    """(the examples that are left, how many after each layer), in float64 by the definition."""
    a, live = np.asarray(x, np.float64), []
    for graph, weights in network:
        w = np.zeros((N, N))
        w[graph.target, graph.source] = weights
        z = a @ w.T
        a = np.clip(z + CHALLENGE[N].bias * (z != 0), 0, 32)
        live.append(int(a.any(axis=1).sum()))
    return np.flatnonzero(a.any(axis=1)), live


def put_files(folder, x, network, categories=None):
    """The official files of a network and images; categories: numbered from 0."""
    folder.mkdir(exist_ok=True)
    row, pixel = np.nonzero(x)
    lines = "".join(f"{r + 1}\t{p + 1}\t1\n" for r, p in zip(row, pixel))
    (folder / f"sparse-images-{N}.tsv").write_text(lines)
    depth = 0
    for depth, (graph, weights) in enumerate(network, 1):
        ends = zip(graph.source.tolist(), graph.target.tolist(), weights.tolist())
        lines = "".join(f"{s + 1}\t{t + 1}\t{value:.9g}\n" for s, t, value in ends)
        (folder / f"n{N}-l{depth}.tsv").write_text(lines)
    if categories is not None:
        lines = "".join(f"{one + 1}\n" for one in categories)
        (folder / f"neuron{N}-l{depth}-categories.tsv").write_text(lines)
    return folder
