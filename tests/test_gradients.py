"""Invariant 1: every dense gradient agrees with a directional finite difference in float64 to 1e-6."""

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


class Problem:
    """A network, a batch and its loss, with the same dropout masks at every evaluation."""

    def __init__(self, name, backend, reduction, batch, rng):
        shape, layers = NETS[name]
        self.net = mbp.Sequential(*layers(), rng=3, backend=backend, dtype="float64")
        self.loss = mbp.SoftmaxCrossEntropy(reduction).bind(self.net.be, "float64")
        for p in self.net.parameters():
            p.value += 0.1 * rng.normal(size=p.value.shape)  # biases too
        self.x = rng.normal(size=(batch, *shape))
        self.draws = [(la.rng, la.rng.bit_generator.state) for la in self.net.layers() if la.rng is not None]
        self.labels = rng.integers(0, self.forward().shape[1], batch).astype(np.int32)

    def forward(self):
        for generator, state in self.draws:
            generator.bit_generator.state = state
        return self.net.forward(self.x)

    def value(self):
        return self.loss.forward(self.forward(), self.labels)


@pytest.mark.parametrize("name", sorted(NETS))
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_gradients(name, reduction, backend, rng):
    for batch in (1, 7):
        problem = Problem(name, backend, reduction, batch, rng)
        problem.value()
        dx = problem.net.backward(problem.loss.backward())
        params = problem.net.parameters()
        for layer in problem.net.layers():  # the difference must not step over a kink
            if isinstance(layer, mbp.ReLU):
                before = problem.net.children[layer.path[-1] - 1]
                assert np.abs(before.forward(problem.x)).min() > 1e-4
        arrays = [problem.x, *(p.value for p in params)]
        gradients = [dx.copy(), *(full_gradient(p) for p in params)]
        assert mbp.directional_error(problem.value, arrays, gradients, rng) < RTOL


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
