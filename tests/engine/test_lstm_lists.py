"""Lists of any length in the LSTM: those of the oracle, unbiased through time, and where the gradients are."""

import math
from fractions import Fraction

import naive
import numpy as np
import pytest
from helpers import close, full_gradient
from lstms import LENGTHS, LISTS, H, data, lstm

import minimalbp as mbp
from minimalbp.select import masked


@pytest.fixture(params=sorted(LENGTHS))
def lengths(request):
    return LENGTHS[request.param]


@pytest.mark.parametrize("gates", ["each", "all"])
@pytest.mark.parametrize("name", sorted(LISTS))
def test_lists_are_those_of_the_oracle(name, gates, lengths, backend, dtype, rng):
    """Group by group; where rows share a walk, all those of a step. The draws are the layer's own, made again."""
    k, groups = (2, 4) if gates == "each" else (7, 1)
    net, layer = lstm(backend, dtype, select=LISTS[name](k), gates=gates)
    x, dy = data(rng, lengths, dtype)
    net.forward(x, lengths=lengths)
    active = [sum(n > t for n in lengths) for t in range(max(lengths))]
    walks = active if "batch" in name else [1] * len(x)
    u = np.zeros((len(walks), groups))
    if layer.rng:
        again = np.random.default_rng(0)
        again.bit_generator.state = layer.rng.bit_generator.state
        again.random(out=u)
    net.backward(dy)
    (d,) = layer.directions
    dgates = d.buf.get("dgates", (len(x), 4 * H)).astype(np.float64)
    found = masked(d.last_choice, d.last_picked, dgates.shape)
    starts, compared = np.cumsum([0, *walks]), 0
    for i in range(len(walks)):
        rows = slice(starts[i], starts[i + 1])
        for g, (mine, kept) in enumerate(zip(*(np.split(a[rows], groups, axis=1) for a in (dgates, found)))):
            assert np.count_nonzero(kept) <= k * walks[i]
            if name == "signs":
                wanted = np.zeros(mine.shape)
                units = naive.signs(mine[0].tolist(), k)
                wanted[0, units] = mine[0, units]
            else:
                exact = [[Fraction(v) for v in row] for row in mine.tolist()]
                wanted = naive.sampled(exact, [u[i, g]], k, layer.be.select.LANES, "threshold" in name)
            if wanted is not None:
                close(kept, np.array(wanted, float), dtype)
                compared += 1
    assert compared >= 0.8 * len(walks) * groups


@pytest.mark.slow  # thousands of steps of an LSTM
@pytest.mark.parametrize("name", sorted(set(LISTS) - {"signs"}))
def test_gradients_of_walks_are_unbiased(name, backend, rng):
    """Through time too: what a word sends on is right in the mean, and all that follows is linear in it."""
    lengths, draws = LENGTHS["several"], 500
    x, dy = data(rng, lengths, "float64")
    found = {}
    for select in (LISTS[name](2), None):
        net, _ = lstm(backend, select=select, bias_rows="chosen")
        net.forward(x, lengths=lengths)
        sums = found[select is None] = []
        for _ in range(draws if select else 1):
            dx = net.backward(dy)
            arrays = [dx, *map(full_gradient, net.parameters())]
            sums.append([float(a.ravel() @ np.cos(np.arange(a.size))) for a in arrays])
    sparse, dense = np.array(found[False]), np.array(found[True])[0]
    error = sparse.std(axis=0, ddof=1) / math.sqrt(draws)
    assert (error > 0).all()
    assert (abs(sparse.mean(axis=0) - dense) <= 4 * error).all()


def test_walks_over_a_step_go_where_the_gradients_are(backend, rng):
    """Of three sentences one has next to no gradient: its points go to the other two, if they share them."""
    counts = {}
    for over in ("example", "batch"):
        net, layer = lstm(backend, hidden=20, select=mbp.Systematic(3, over=over))
        x, dy = data(rng, [4, 4, 4], "float64", 20)
        dy[:4] *= 1e-6
        net.forward(x, lengths=[4, 4, 4])
        net.backward(dy)
        counts[over] = np.diff(layer.directions[0].last_choice.start).reshape(4, 3)  # (steps, sentences)
    assert counts["example"].min() >= 6
    assert counts["batch"][:, 0].max() <= 4 and counts["batch"].max() > 12
