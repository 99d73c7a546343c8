"""Schedules of the learning rate against their formulas, step by step."""

import math

import numpy as np
import pytest
from helpers import refused

import minimalbp as mbp
from minimalbp.backend import get_backend
from minimalbp.optim import OPTIMIZERS, SCHEDULES

FORMULAS = {  # t: the part that is done of what follows the warm-up
    "constant": lambda t: 1,
    "linear": lambda t: 1 - t,
    "cosine": lambda t: math.cos(math.pi * t / 2) ** 2,
    "step": lambda t: 10.0 ** -((t >= 0.5) + (t >= 0.75)),
}


def test_every_schedule_has_its_formula_here():
    assert FORMULAS.keys() == SCHEDULES.keys()


@pytest.mark.parametrize("name", sorted(SCHEDULES))
@pytest.mark.parametrize("warmup", [0, 1, 5])
@pytest.mark.parametrize("steps", [6, 13, 40])
def test_the_factor_of_every_step(name, warmup, steps):
    schedule = mbp.Schedule(name, warmup)
    found = [schedule.factor(done, steps) for done in range(steps)]
    rest = steps - warmup
    want = [(i + 1) / warmup for i in range(warmup)] + [FORMULAS[name](i / rest) for i in range(rest)]
    np.testing.assert_allclose(found, want, rtol=1e-12)
    assert found[warmup] == 1 and all(0 < factor <= 1 for factor in found)


def test_what_falls_to_zero_does_so_one_step_after_the_last():
    assert [mbp.Schedule("linear").factor(done, 4) for done in range(4)] == [1, 0.75, 0.5, 0.25]
    assert mbp.Schedule("cosine").factor(4, 4) == mbp.Schedule("linear").factor(4, 4) == 0


def test_the_steps_of_step():
    found = [mbp.Schedule("step").factor(done, 8) for done in range(8)]
    assert found == [1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01]


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_the_factor_multiplies_the_rate_of_every_optimiser(name, backend, rng):
    """A step with lr and the factor 1/4 is that of lr / 4, to the last bit; lr itself stays."""
    start, ends = rng.normal(size=(3, 4)).astype(np.float32), []
    for lr, factor in ((0.5, 0.25), (0.125, 1)):
        p = mbp.Param("w", start.copy(), get_backend(backend))
        p.grad = mbp.RowGrad(None, np.ones((3, 4), np.float32))
        optimizer = OPTIMIZERS[name]([p], lr=lr)
        optimizer.factor = factor
        optimizer.step()
        optimizer.step()
        assert optimizer.lr == lr
        ends.append(p.value.tobytes())
    assert ends[0] == ends[1]


def test_bad_input():
    refused(lambda: mbp.Schedule("linaer"), "unknown schedule", "did you mean 'linear'")
    refused(lambda: mbp.Schedule(["linear"]), "unknown schedule")
    for warmup in (-1, 1.5, "10", True):
        refused(lambda warmup=warmup: mbp.Schedule(warmup=warmup), "warmup")
