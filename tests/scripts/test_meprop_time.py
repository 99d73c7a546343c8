"""Table 2 of meProp: what stands in its clocks, its seeds, and what it refuses. No threshold of speed."""

import time
from functools import wraps

import numpy as np
import pytest
from helpers import SCRIPTS, assert_same, parameters, script

from minimalbp import load_dataset
from minimalbp.backend import get_backend

pytestmark = pytest.mark.skipif(not SCRIPTS.is_dir(), reason="the tests run outside the source tree")
PAUSE = 0.01  # seconds


@pytest.fixture
def timed():
    return script("meprop.timing")


@pytest.fixture
def settings(timed, points):
    return script("meprop.arms").BASE.changed(data=points, hidden=(4,), epochs=1)


@pytest.mark.parametrize(
    "name", ["Adam, dense", "Adam, top-k k=20, rows=chosen", "PyTorch, dense, fused Adam"]
)
def test_the_parts_of_a_step_are_in_their_places_and_no_longer_than_the_step(
    timed, name, settings, points, monkeypatch
):
    """A pause in each part shows there, and only there, or the parts would be longer than the step."""
    linear = get_backend("cpu").linear
    monkeypatch.setattr(linear, "dw_all", pausing(linear.dw_all, 1))
    monkeypatch.setattr(linear, "dw_chosen", pausing(linear.dw_chosen, 1))
    arms = timed._arms(settings.changed(hidden=(40,)), load_dataset(points))
    if name not in arms:
        pytest.skip("PyTorch is not installed")
    arm, peer = arms[name], hasattr(arms[name], "peer")
    owners = [arm.peer.net, arm.peer.loss, arm.peer.optimizer] if peer else [arm.net, arm.loss, arm.optimizer]
    for n, owner, what in zip((1, 3, 2), owners, ("forward", "forward" if peer else "backward", "step")):
        setattr(owner, what, pausing(getattr(owner, what), n))
    x, labels = np.ones((3, 5), np.float32), np.arange(3, dtype=np.int32)
    arm.step(x, labels)  # compiles
    began = time.perf_counter()
    of_linear, forward, backward, both, update, total = arm.step(x, labels)
    whole = time.perf_counter() - began
    least, rounding = PAUSE - 1e-6, 1e-6  # of the clock
    assert forward >= least and backward >= 3 * least and update >= 2 * least
    assert forward + backward + update <= whole + rounding
    assert np.isclose(both, forward + backward) and np.isclose(total, both + update)
    if peer:
        assert np.isnan(of_linear)
    else:
        assert least <= of_linear <= backward - 3 * least


def pausing(call, n):
    """The call after n pauses."""

    @wraps(call)
    def slower(*args, **options):
        time.sleep(n * PAUSE)
        return call(*args, **options)

    return slower


def test_a_seed_begins_with_fresh_weights_of_its_own(timed, settings, monkeypatch):
    true_arms, began = timed._arms, []

    def watched(*args):
        arms = true_arms(*args)
        began.append({name: parameters(arm.net) for name, arm in arms.items() if name in timed.ARMS})
        return arms

    monkeypatch.setattr(timed, "_arms", watched)
    for seed in (0, 1, 0):
        assert timed.measure(settings.changed(seed=seed))["steps"] == 5
    first, other, again = began
    for name, weights in first.items():
        assert_same(weights, again[name])
        assert_same(weights, first["Adam, dense"])
        assert not np.array_equal(weights["0.weight"], other[name]["0.weight"])


@pytest.mark.parametrize("words", [["--full"], ["--epochs", "1"], ["--jobs", "2"]])
def test_what_means_nothing_for_table2_is_refused_before_anything_is_done(monkeypatch, capsys, words):
    reproduce = script("reproduce_meprop")
    monkeypatch.setattr(reproduce, "run_accuracy_tables", None)
    assert reproduce.main(["table1", "table2", *words]) == 2
    (error,) = capsys.readouterr().err.splitlines()
    assert error.startswith("error: ") and f"leave {words[0]} out" in error
