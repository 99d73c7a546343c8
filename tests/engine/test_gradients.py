"""Invariant 1: every dense gradient agrees with a directional finite difference in float64 to 1e-6.

Through time too, and a sparse one where what it leaves out is zero.
"""

import numpy as np
import pytest
from helpers import full_gradient

import minimalbp as mbp

RTOL = 1e-6
F64 = {"dtype": "float64"}
NETS = {  # name: (shape of an example, layers)
    "linear": ((5,), lambda: [mbp.Linear(5, 3)]),
    "linear without bias": ((5,), lambda: [mbp.Linear(5, 3, bias=False)]),
    "one unit": ((1,), lambda: [mbp.Linear(1, 1), mbp.Tanh(), mbp.Linear(1, 2)]),
    "relu": ((7,), lambda: [mbp.Linear(7, 17), mbp.ReLU(), mbp.Linear(17, 3)]),
    "tanh": ((7,), lambda: [mbp.Linear(7, 5), mbp.Tanh(), mbp.Linear(5, 3)]),
    "sigmoid": ((7,), lambda: [mbp.Linear(7, 5), mbp.Sigmoid(), mbp.Linear(5, 3)]),
    "cube": ((7,), lambda: [mbp.Linear(7, 5), mbp.Cube(), mbp.Linear(5, 3)]),
    "activation first": ((3,), lambda: [mbp.Tanh(), mbp.Linear(3, 2)]),
    "no parameters": ((3,), lambda: [mbp.Cube(), mbp.Sigmoid()]),
    "flatten": ((2, 3), lambda: [mbp.Flatten(), mbp.Linear(6, 3)]),
    "flatten after": ((2, 3), lambda: [mbp.Tanh(), mbp.Flatten(), mbp.Linear(6, 2)]),
    "dropout": ((7,), lambda: [mbp.Linear(7, 17), mbp.Dropout(0.4), mbp.Tanh(), mbp.Linear(17, 3)]),
    "residual": ((5,), lambda: [mbp.Residual(mbp.Linear(5, 5), mbp.Tanh()), mbp.Linear(5, 2)]),
    "nested": (
        (5,),
        lambda: [
            mbp.Residual(
                mbp.Linear(5, 7),
                mbp.Residual(mbp.Sigmoid(), mbp.Dropout(0.3), mbp.Linear(7, 7), mbp.Tanh()),
                mbp.Linear(7, 5),
            ),
            mbp.Linear(5, 3),
        ],
    ),
    "all units chosen": (
        (7,),
        lambda: [
            mbp.Linear(7, 5, select=mbp.TopK(5)),
            mbp.Tanh(),
            mbp.Linear(5, 5, select=mbp.UnifiedTopK(9)),
            mbp.Tanh(),
            mbp.Linear(5, 3, select=mbp.RandomK(ratio=1.0)),
        ],
    ),
}  # fmt: skip
TABLES = [(6, 2), (4, 1, 2)]  # a word, and two columns that share a table: ids (words, 3) to (words, 4)
TIME = {  # x is (words, 4), or their ids
    "one direction": lambda: [mbp.LSTM(4, 5), mbp.Linear(5, 3)],
    "one unit": lambda: [mbp.LSTM(4, 1), mbp.Linear(1, 2)],
    "bidirectional": lambda: [mbp.LSTM(4, 5, bidirectional=True), mbp.Linear(10, 3)],
    "two layers": lambda: [mbp.LSTM(4, 5, bidirectional=True), mbp.LSTM(10, 3), mbp.Linear(3, 3)],
    "dropout between": lambda: [mbp.LSTM(4, 5), mbp.Dropout(0.4), mbp.LSTM(5, 3), mbp.Linear(3, 3)],
    "residual": lambda: [mbp.Residual(mbp.LSTM(4, 2, bidirectional=True)), mbp.Linear(4, 3)],
    "dense, all gates": lambda: [mbp.LSTM(4, 5, gates="all"), mbp.Linear(5, 3)],
    "all units of each gate": lambda: [mbp.LSTM(4, 5, select=mbp.TopK(5)), mbp.Linear(5, 3)],
    "all units of all gates": lambda: [mbp.LSTM(4, 5, select=mbp.TopK(20), gates="all"), mbp.Linear(5, 3)],
    "embedding": lambda: [mbp.Embedding(TABLES, scale=0.5), mbp.LSTM(4, 5), mbp.Linear(5, 3)],
    "embedding, two layers": lambda: [
        mbp.Embedding(TABLES, scale=0.5),
        mbp.LSTM(4, 5, bidirectional=True),
        mbp.LSTM(10, 3, bidirectional=True),
        mbp.Linear(6, 3),
    ],
}  # fmt: skip
LENGTHS = ([1], [6], [3, 3], [4, 2, 3])  # of sentences, whose order in time is another than in the batch


class Problem:
    """A network, a batch and its loss, with the same dropout masks at every evaluation."""

    def __init__(self, layers, x, backend, reduction, rng, lengths=None):
        self.net = mbp.Sequential(*layers, rng=3, backend=backend, dtype="float64")
        self.loss = mbp.SoftmaxCrossEntropy(reduction).bind(self.net.be, "float64")
        for p in self.net.parameters():
            p.value += 0.1 * rng.normal(size=p.value.shape)  # biases too
        self.x, self.lengths = x, lengths
        self.draws = [(la.rng, la.rng.bit_generator.state) for la in self.net.layers() if la.rng is not None]
        self.labels = rng.integers(0, self.forward().shape[1], len(x)).astype(np.int32)

    def forward(self):
        for generator, state in self.draws:
            generator.bit_generator.state = state
        return self.net.forward(self.x, lengths=self.lengths)

    def value(self):
        return self.loss.forward(self.forward(), self.labels)

    def error(self, rng):
        """Of the gradients of all parameters, and of x unless these are ids."""
        self.value()
        dx = self.net.backward(self.loss.backward())
        params = self.net.parameters()
        arrays, gradients = [p.value for p in params], [full_gradient(p) for p in params]
        if self.x.dtype == np.int32:
            assert dx is None
        else:
            arrays, gradients = [self.x, *arrays], [dx.copy(), *gradients]
        return mbp.directional_error(self.value, arrays, gradients, rng)


@pytest.mark.parametrize("name", sorted(NETS))
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_gradients(name, reduction, backend, rng):
    shape, layers = NETS[name]
    for batch in (1, 7):
        problem = Problem(layers(), rng.normal(size=(batch, *shape)), backend, reduction, rng)
        for layer in problem.net.layers():  # the difference must not step over a kink
            if isinstance(layer, mbp.ReLU):
                before = problem.net.children[layer.path[-1] - 1]
                assert np.abs(before.forward(problem.x)).min() > 1e-4
        assert problem.error(rng) < RTOL


@pytest.mark.parametrize("name", sorted(TIME))
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_gradients_through_time(name, reduction, backend, rng):
    for lengths in LENGTHS:
        words, layers = sum(lengths), TIME[name]()
        if isinstance(layers[0], mbp.Embedding):
            x = rng.integers(0, [6, 4, 4], (words, 3)).astype(np.int32)
        else:
            x = rng.normal(size=(words, 4))
        assert Problem(layers, x, backend, reduction, rng, lengths).error(rng) < RTOL


@pytest.mark.parametrize("select", [mbp.TopK, mbp.UnifiedTopK])
@pytest.mark.parametrize("gates, k", [("each", 3), ("all", 12)])
def test_top_k_of_the_units_that_matter_is_exact(select, gates, k, backend, rng):
    """Two units of five whose h nobody reads have no gradient: top-k, which leaves them out, loses nothing."""
    for lengths in LENGTHS:
        layers = [mbp.LSTM(4, 5, select=select(k), gates=gates, bidirectional=True), mbp.Linear(10, 3)]
        problem = Problem(layers, rng.normal(size=(sum(lengths), 4)), backend, "mean", rng, lengths)
        for d in layers[0].directions:
            d.u.value[:, [1, 4]] = 0
        layers[1].weight.value[:, [1, 4, 6, 9]] = 0
        assert problem.error(rng) < RTOL
        assert all(d.last_choice is not None for d in layers[0].directions)


def test_loss_gradient_is_that_of_its_value(backend, rng):
    logits, labels = rng.normal(size=(5, 3)), np.array([0, 2, 1, 1, 0], np.int32)
    values = {}
    for reduction in ("mean", "sum"):
        net = mbp.Sequential(mbp.ReLU(), backend=backend, **F64)
        loss = mbp.SoftmaxCrossEntropy(reduction).bind(net.be, "float64")
        values[reduction] = loss.forward(logits, labels)
        gradient = loss.backward().copy()
        assert mbp.directional_error(lambda: loss.forward(logits, labels), [logits], [gradient], rng) < RTOL  # noqa: B023
    assert values["sum"] == pytest.approx(5 * values["mean"], rel=1e-14)


def test_unknown_reduction_is_refused():
    with pytest.raises(mbp.BadInput, match="did you mean 'mean'"):
        mbp.SoftmaxCrossEntropy("maen")


def test_a_single_wrong_entry_shows(rng):
    """The check itself: exact for a quadratic, and it sees one entry of a hundred that is off by 1 %."""
    x = rng.normal(size=(10, 10))
    good = 2 * x
    before = x.copy()
    assert mbp.directional_error(lambda: float((x * x).sum()), [x], [good], rng) < 1e-8
    assert x.tobytes() == before.tobytes()
    bad = good.copy()
    bad[3, 4] *= 1.01
    assert mbp.directional_error(lambda: float((x * x).sum()), [x], [bad], rng) > RTOL
