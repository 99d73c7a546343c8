"""A small network on noise, and trainings that prune it."""

from dataclasses import replace

import numpy as np

import minimalbp as mbp
from minimalbp.prune import PrunePlan, Pruner

RNG = np.random.default_rng(0)
SPLIT = mbp.Split(RNG.normal(size=(40, 1, 6, 6)).astype("float32"), RNG.integers(0, 3, 40))
DATA = mbp.Dataset("noise", SPLIT, SPLIT, SPLIT, ("a", "b", "c"))
QUICK = PrunePlan(ratio=0.5, interval=1, a=0.5, updates=40, span=4)
SLOW = replace(QUICK, interval=100)


def network(backend="reference", dtype="float64", **options):
    return mbp.lenet((6, 6), 3, filters=(3, 4), kernel=3, units=(5,), backend=backend, dtype=dtype, **options)


def train(net, pruner, epochs=3, optimizer=None, **options):
    optimizer = optimizer or mbp.Adam(net.parameters())
    return mbp.fit(net, DATA, optimizer, epochs=epochs, batch_size=8, evals_per_epoch=2, companions=[pruner],
                   threads=1, **options)  # fmt: skip


def begun(net, plan, optimizer=None):
    """A pruner of `net` outside of a training, whose next step has no update."""
    net(SPLIT.x[:1])
    pruner = Pruner(plan, seed=3)
    pruner.begin(net, optimizer or mbp.Adam(net.parameters()), 1)
    pruner.step = 1
    return pruner
