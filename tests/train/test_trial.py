"""A trial of the training step leaves no trace: the training that follows is bit for bit the same without it."""

import copy
import os
import random

import numpy as np
import pytest
from helpers import assert_same, clusters, parameters
from trees import toy_sentence

import minimalbp as mbp
from minimalbp.backend import BACKENDS
from minimalbp.data import Treebank
from minimalbp.train.trial import warm_up

DRAW = random.Random(0)
BANK = Treebank("toy", *(tuple(toy_sentence(DRAW) for _ in range(n)) for n in (8, 3, 3)))
DATA = {"rows": clusters(), "tagging": mbp.TaggingData(BANK), "parsing": mbp.ParsingData(BANK)}
OPTIMIZERS = {
    "sgd": lambda p: mbp.SGD(p, lr=0.1, momentum=0.9),
    "adagrad": lambda p: mbp.AdaGrad(p, weight_decay=0.01, clip=5),
    "adam": lambda p: mbp.Adam(p, rows="chosen", clip_norm=1),
}
BATCH = {"rows": 7, "tagging": 3, "parsing": 11, "single sentences": 1}
CASES = [
    ("rows", mbp.TopK(3)), ("rows", mbp.RandomK(3)), ("rows", mbp.UnifiedTopK(3)), ("tagging", mbp.TopK(3)),
    ("tagging", mbp.RandomK(3)), ("single sentences", mbp.UnifiedTopK(3)), ("parsing", mbp.RandomK(3)),
    ("rows", mbp.Systematic(3)), ("rows", mbp.Signs(3)), ("parsing", mbp.Threshold(3, over="batch")),
]  # fmt: skip


@pytest.fixture(params=["reference"] if "NUMBA_DISABLE_JIT" in os.environ else BACKENDS)  # else a minute each
def backend(request):
    return request.param


def made(case, select, backend, optimizer="adam"):
    """(network, optimiser, data), the same each time; every kind of layer is in one of the networks."""
    options = {"rng": 3, "backend": backend}
    data = DATA["tagging" if case == "single sentences" else case]
    if case == "parsing":
        net = mbp.parser(data.encoding, hidden=6, select=select, center="dw", dropout=0.3, **options)
    elif case != "rows":
        net = mbp.tagger(
            data.encoding,
            hidden=[6, 5],
            select=select,
            center="dw",
            dropout=0.3,
            bidirectional=True,
            **options,
        )
    else:
        inner = mbp.Linear(9, 9, select=select, bias_rows="chosen"), mbp.Tanh(), mbp.Dropout(0.3)
        net = mbp.Sequential(
            mbp.Flatten(), mbp.Linear(7, 9, select=select, center="forward"), mbp.ReLU(), mbp.Dropout(0.2),
            mbp.Residual(*inner), mbp.Linear(9, 8, select=select, bias=False), mbp.Sigmoid(), mbp.Linear(8, 3),
            mbp.Cube(), **options,
        )  # fmt: skip
    return net, OPTIMIZERS[optimizer](net.parameters()), data


def fit(case, net, optimizer, data, **options):
    settings = {"epochs": 1, "batch_size": BATCH[case], "evals_per_epoch": 2, "threads": 1} | options
    return mbp.fit(net, data, optimizer, **settings)


def state(net, optimizer):
    """All that training goes on from."""
    slots = {f"{name} {slot}": a.copy() for name, s in optimizer.state.items() for slot, a in s.items()}
    generators = [copy.deepcopy(la.rng.bit_generator.state) for la in net.layers() if la.rng is not None]
    selects = [la.select for la in net.layers() if hasattr(la, "select")]
    return parameters(net) | slots, (generators, selects, optimizer.t)


def assert_same_state(one, other):
    assert_same(one[0], other[0])
    assert one[1] == other[1]


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize(
    "case, select", CASES, ids=[f"{case} {type(select).__name__}" for case, select in CASES]
)
def test_a_training_after_a_trial_is_one_without(case, select, dense, backend):
    plain, tried = (made(case, select, backend) for _ in range(2))
    before, steps = state(*tried[:2]), []

    def observe():
        steps.append(state(*tried[:2]))

    warm_up(*tried, BATCH[case], threads=1, observe=observe, dense=dense)
    assert len(steps) >= 2 * (1 + dense)
    assert steps[-1][1][-1] == len(steps) - 1, "the trial took steps"
    assert any((steps[-1][0][key] != value).any() for key, value in before[0].items())
    assert all(p.grad is None for p in tried[0].parameters())
    assert_same_state(state(*tried[:2]), before)
    assert fit(case, *tried) == fit(case, *plain)
    assert_same_state(state(*tried[:2]), state(*plain[:2]))


@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
def test_in_the_middle_of_a_training(optimizer, backend, tmp_path):
    """As where a run resumes: the optimiser has a state, and random layers have drawn."""
    path = tmp_path / "run.npz"
    plain, tried = (made("rows", mbp.RandomK(3), backend, optimizer) for _ in range(2))
    for run in (plain, tried):
        fit("rows", *run, checkpoint=path)
    before = state(*tried[:2])
    warm_up(*tried, BATCH["rows"], threads=1)
    assert_same_state(state(*tried[:2]), before)
    options = {"epochs": 2, "checkpoint": path, "resume": True}
    assert fit("rows", *tried, **options) == fit("rows", *plain, **options)
    assert_same_state(state(*tried[:2]), state(*plain[:2]))


def test_every_size_of_batch_is_tried():
    net, optimizer, data = made("rows", mbp.TopK(3), "reference")
    sizes = []
    warm_up(net, optimizer, data, 7, observe=lambda: sizes.append(len(net.linears()[0].last_dy)))
    assert sorted(sizes) == [4, 7]  # 60 examples


def test_with_dense_in_place_of_selectors(backend):
    """What units were chosen can be counted in both."""
    net, optimizer, data = made("tagging", mbp.TopK(3), backend)
    lstm, widths = net.children[2], []
    hits = np.zeros((2, 6), np.int64)

    def observe():
        lstm.count(hits)
        widths.append(lstm.directions[0].last_picked.shape[1])

    warm_up(net, optimizer, data, 3, threads=1, observe=observe, dense=True)
    half = len(widths) // 2
    assert widths == [4 * 3] * half + [4 * 6] * half
    assert lstm.select == mbp.TopK(3) and hits.all()


@pytest.mark.parametrize("dense", [False, True])
def test_a_trial_that_fails_leaves_no_trace_either(dense):
    net, optimizer, data = made("rows", mbp.RandomK(3), "reference")
    before, calls = state(net, optimizer), []

    def observe():
        calls.append(1)
        if len(calls) == (4 if dense else 2):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        warm_up(net, optimizer, data, 7, observe=observe, dense=dense)
    assert_same_state(state(net, optimizer), before)
