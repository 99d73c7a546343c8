"""Small LSTMs, and sentences for them."""

import numpy as np

import minimalbp as mbp

N_IN, H = 3, 5
LENGTHS = {"one word": [1], "one sentence": [6], "equal": [3, 3], "several": [2, 1, 7, 2, 4]}
LISTS = {
    "systematic": lambda k: mbp.Systematic(k),
    "systematic batch": lambda k: mbp.Systematic(k, over="batch"),
    "threshold": lambda k: mbp.Threshold(k),
    "threshold batch": lambda k: mbp.Threshold(k, over="batch"),
    "signs": lambda k: mbp.Signs(k),
}


def lstm(backend, dtype="float64", *, hidden=H, rng=1, **options):
    layer = mbp.LSTM(N_IN, hidden, **options)
    net = mbp.Sequential(layer, backend=backend, dtype=dtype, rng=rng)
    generator = np.random.default_rng(rng)
    for p in net.parameters():  # the gates far from saturated, biases that show
        p.value += 0.3 * generator.normal(size=p.value.shape).astype(dtype)
    return net, layer


def data(rng, lengths, dtype, width=H):
    x, dy = rng.normal(size=(sum(lengths), N_IN)), rng.normal(size=(sum(lengths), width))
    return x.astype(dtype), dy.astype(dtype)
