"""The natural share of non-zeros: measured before anything is chosen, kept in records, and compared with k."""

import json

import numpy as np
import pytest
from helpers import refused

import minimalbp as mbp
from minimalbp.train.density import densities, density_notes

FLAT = mbp.Record(1, 10, 0.9, {"accuracy": 0.5}, 0.8, seconds=1.5, density=[0.25, 1.0])


def after_a_step(select, backend):
    """A network of one convolution, two filters of 3 x 3 positions, after a gradient with 4 non-zeros of 36."""
    net = mbp.Sequential(mbp.Conv2d(1, 2, 2, select=select), backend=backend, dtype="float64")
    net.forward(np.ones((2, 1, 4, 4)))
    dy = np.zeros((2, 2, 3, 3))
    dy[0, 0, 0, :2] = dy[1, 1, 2, 1:] = 1
    net.backward(dy)
    return net


@pytest.mark.parametrize(
    "select", [mbp.Dense(), mbp.TopK(1), mbp.RandomK(17)], ids=lambda select: select.name
)
def test_it_is_counted_before_anything_is_chosen(select, backend):
    assert densities(after_a_step(select, backend)) == [4 / 36]


def test_a_network_without_convolutions_has_none(backend):
    assert densities(mbp.mlp([3, 2], backend=backend)) is None
    assert densities(mbp.Sequential(mbp.Conv2d(1, 2, 2), backend=backend)) is None  # before the first step
    assert mbp.History([mbp.Record(1, 1, 0.5, {"accuracy": 0.5}, 0.5)]).density is None


def test_k_that_does_nothing_is_noted(backend):
    for select, said in ((mbp.TopK(2), "k = 2 of 18"), (mbp.Threshold(ratio=0.2, over="batch"), "k = 20 %")):
        (note,) = density_notes(after_a_step(select, backend), [4 / 36])
        average = "on average 11.1 % of the entries of its gradient are not zero"
        assert note == f"{said} does nothing in convolution 1: {average}"
    for select in (
        mbp.TopK(1),
        mbp.RandomK(9),
        mbp.Dense(),
        mbp.Positions(5),
    ):  # which all leave something out
        assert not density_notes(after_a_step(select, backend), [4 / 36])
    assert not density_notes(after_a_step(mbp.TopK(2), backend), None)
    (note,) = density_notes(after_a_step(mbp.TopK(1), backend), [0.0])
    assert note == "no gradient reaches convolution 1: its units are dead; try a smaller learning rate"


def test_records_keep_it_and_a_history_has_the_mean():
    again = mbp.Record.from_json(json.loads(json.dumps(FLAT.as_json())))
    assert again == FLAT and again.seconds == 1.5 and again.density == [0.25, 1.0]
    other = mbp.Record(2, 20, 0.9, {"accuracy": 0.5}, 0.8, density=[0.75, 0.5])
    old = mbp.Record(1, 5, 0.9, {"accuracy": 0.5}, 0.8)
    assert mbp.History([old, FLAT, other]).density == [0.5, 0.75]
    for wrong in (0.5, [1.5], ["a"]):
        refused(lambda wrong=wrong: mbp.Record.from_json(FLAT.as_json() | {"density": wrong}), "density")
