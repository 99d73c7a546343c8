"""An arm is built once: how many networks a command makes, and that nothing is written before all is checked."""

from pathlib import Path

import pytest
from helpers import clusters

import minimalbp as mbp
from minimalbp.experiment.simplify import plan_of, simplify
from minimalbp.network import sequential

DATA = clusters()
SETTINGS = mbp.Settings(hidden=(8, 6), k=2, epochs=4, evals=2, batch=10, backend="reference", threads=1)


@pytest.fixture
def built(monkeypatch):
    """The networks that have been built, in their order."""
    networks, init = [], sequential.Sequential.__init__

    def counting(self, *args, **options):
        networks.append(self)
        init(self, *args, **options)

    monkeypatch.setattr(sequential.Sequential, "__init__", counting)
    return networks


@pytest.mark.parametrize("resume", [False, True])
def test_compare_builds_two_networks_to_train_two(built, tmp_path, resume):
    """When it goes on, the second is built once more to check its checkpoint before anything is trained."""
    out = tmp_path / "run"
    mbp.compare(SETTINGS, DATA, out=out)
    if resume:
        built.clear()
        mbp.compare(SETTINGS.changed(epochs=5), DATA, out=out, resume=True)
    assert len(built) == 2 + resume


@pytest.mark.parametrize("resume", [False, True])
def test_simplify_builds_seven_networks_to_train_five(built, tmp_path, monkeypatch, resume):
    """Two more than it trains: those whose forward passes are timed."""
    monkeypatch.setattr("minimalbp.cost.forward.SECONDS", 0.002)
    plan, out = plan_of(SETTINGS, prune=0.3, min_width=2), tmp_path / "run"
    report = simplify(SETTINGS, plan, DATA, out=out)
    if resume:
        built.clear()
        report = simplify(SETTINGS, plan, DATA, out=out, resume=True)
    assert len(report["runs"]) == 5 and len(built) == 7


def test_nothing_is_written_for_what_does_not_fit(tmp_path):
    out = tmp_path / "run"
    for settings, plan in (
        (SETTINGS.changed(batch=61), None),
        (SETTINGS, plan_of(SETTINGS, window=5, cycle=2)),
        (SETTINGS, plan_of(SETTINGS, min_width=7)),
        (SETTINGS.changed(dropout=0.9), plan_of(SETTINGS, prune=0.2)),
    ):
        with pytest.raises(mbp.BadInput):
            if plan is None:
                mbp.compare(settings, DATA, out=out)
            else:
                simplify(settings, plan, DATA, out=out)
    assert not Path(out).exists()
