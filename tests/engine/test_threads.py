"""One network and several threads: each gets right answers, and only one may train."""

import copy
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from helpers import clusters

import minimalbp as mbp
from minimalbp.network.compact import compact, hidden_layers
from minimalbp.topology import random_net

SIZES = [7, 20, 20, 3]
NETS = {
    "mlp": lambda be: mbp.mlp(SIZES, center="forward", rng=1, backend=be),
    "sparse": lambda be: mbp.sparse_mlp(
        random_net("random", SIZES, np.random.default_rng(1), density=0.3), backend=be
    ),
    "lenet": lambda be: mbp.lenet((1, 8, 8), 3, filters=(2, 3), units=(5,), batchnorm=True, backend=be),
}


def questions(name, rng):
    return [rng.normal(size=(n, 1, 8, 8) if name == "lenet" else (n, 7)) for n in (1, 2, 40)]


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("name", NETS)
def test_every_thread_gets_the_answer_to_its_own_question(name, frozen, backend, rng):
    net = NETS[name](backend)
    net.forward(net.prepare(questions(name, rng)[2]))  # means and statistics move
    answer, asked = mbp.Frozen(net) if frozen else net, questions(name, rng)
    right = [answer(q) for q in asked]
    start = threading.Barrier(3)

    def ask(i):
        start.wait()
        return all(np.array_equal(answer(asked[i]), right[i]) for _ in range(30))

    with ThreadPoolExecutor(3) as threads:
        assert all(threads.map(ask, range(3)))


def held(net, ask):
    """What another thread finds while this one has the memory of the network."""
    with ThreadPoolExecutor(1) as other, net.shared.training():
        return other.submit(ask).result()


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("name", NETS)
def test_a_network_in_use_answers_with_its_present_weights_and_keeps_its_passes(name, frozen, backend, rng):
    net, x = NETS[name](backend), questions(name, rng)[1]
    answer = mbp.Frozen(net) if frozen else net
    for _ in range(2):
        right = answer(x)
        mine = net.forward(net.prepare(questions(name, rng)[2]), train=False)
        kept = mine.copy()
        np.testing.assert_array_equal(held(net, partial(answer, x)), right)
        np.testing.assert_array_equal(mine, kept)
        for p in net.parameters():
            p.value *= 0.5
        answer = mbp.Frozen(net) if frozen else net


def test_a_network_that_shrank_is_copied_anew(backend, rng):
    net = mbp.mlp(SIZES, rng=1, backend=backend)
    x = rng.normal(size=(2, 7))
    with ThreadPoolExecutor(1) as other:
        for kept in (None, np.arange(0, 20, 3)):
            if kept is not None:
                compact(net, None, [(hidden_layers(net)[0], kept[None])])
            right = net(x)
            with net.shared.training():
                np.testing.assert_array_equal(other.submit(net, x).result(), right)


def test_a_second_training_is_refused_and_a_copy_may_train(backend):
    net, data = mbp.mlp(SIZES, rng=1, backend=backend), clusters()

    def train(one):
        return mbp.fit(one, data, mbp.Adam(one.parameters()), epochs=1, threads=1)

    def refused():
        with pytest.raises(mbp.BadInput, match="being trained already; train a copy"):
            train(net)

    held(net, refused)
    with net.shared.training():
        refused()  # from a companion, in the same thread
    held(net, lambda: train(copy.deepcopy(net)))
    assert train(net).records
