"""What changes by a plan during a training: the learning rate. Resuming is as if the training had never stopped."""

from contextlib import suppress

import pytest
from helpers import Told, assert_same, clusters, parameters, refused

import minimalbp as mbp

DATA = clusters(n=40)  # six batches of 7
LINEAR = mbp.Schedule("linear", warmup=3)


def made(backend="reference", optimizer=mbp.Adam, select=None):
    net = mbp.mlp([7, 6, 5, 3], select=select or mbp.RandomK(2), dropout=0.2, rng=1, backend=backend)
    return net, optimizer(net.parameters(), lr=0.05)


def fit(run, *, stop=None, epochs=3, companions=(), **options):
    """Train with three evaluations an epoch; stop after `stop` of them."""
    seen = []
    halt = Told(lambda record: seen.append(record) or len(seen) == stop)
    settings = {"batch_size": 7, "evals_per_epoch": 3, "threads": 1} | options
    return mbp.fit(run[0], DATA, run[1], epochs=epochs, companions=[halt, *companions], **settings)


class Watch(mbp.Companion):
    """Keeps what `look` returns at every step."""

    def __init__(self, look):
        self.look, self.seen = look, []

    def observe(self):
        self.seen.append(self.look())


@pytest.mark.parametrize("name", ["constant", "linear", "cosine", "step"])
def test_every_step_has_the_factor_of_the_schedule(name):
    run, schedule = made(), mbp.Schedule(name, warmup=4)
    watch = Watch(lambda: run[1].factor)
    fit(run, schedule=schedule, companions=[watch])
    assert watch.seen == [schedule.factor(done, 18) for done in range(18)]
    assert (run[1].factor, run[1].lr) == (1, 0.05)


def test_a_constant_schedule_changes_nothing():
    plain, scheduled = made(), made()
    assert fit(plain) == fit(scheduled, schedule=mbp.Schedule())
    assert_same(parameters(plain[0]), parameters(scheduled[0]))


def test_a_falling_rate_is_another_training():
    plain, scheduled = made(), made()
    assert fit(plain) != fit(scheduled, schedule=mbp.Schedule("linear"))


@pytest.mark.parametrize("stop", [1, 3, 5])
@pytest.mark.parametrize("name", ["linear", "cosine", "step"])
def test_resuming_is_a_run_never_stopped(name, stop, backend, tmp_path):
    path, schedule = tmp_path / "run.npz", mbp.Schedule(name, warmup=2)
    whole, fresh = made(backend), made(backend)
    history = fit(whole, schedule=schedule)
    fit(made(backend), stop=stop, schedule=schedule, checkpoint=path)
    assert fit(fresh, schedule=schedule, checkpoint=path, resume=True).records == history.records
    assert_same(parameters(fresh[0]), parameters(whole[0]))


def test_an_interrupted_training_leaves_the_optimiser_as_it_was():
    run = made()

    def interrupt(record):
        raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        fit(run, schedule=LINEAR, companions=[Told(interrupt)])
    assert run[1].factor == 1


@pytest.mark.parametrize("epochs", [2, 4])
def test_a_schedule_to_the_end_keeps_its_length(epochs, tmp_path):
    path = tmp_path / "run.npz"
    fit(made(), stop=2, schedule=LINEAR, checkpoint=path)
    content = path.read_bytes()
    refused(
        lambda: fit(made(), epochs=epochs, schedule=LINEAR, checkpoint=path, resume=True),
        f"schedule_epochs is 3 there, {epochs} here", "resume it as it began",
    )  # fmt: skip
    assert path.read_bytes() == content


def test_a_constant_schedule_may_become_longer(tmp_path):
    path, schedule, whole, fresh = tmp_path / "run.npz", mbp.Schedule(warmup=8), made(), made()
    history = fit(whole, epochs=4, schedule=schedule)
    fit(made(), epochs=2, schedule=schedule, checkpoint=path)
    assert fit(fresh, epochs=4, schedule=schedule, checkpoint=path, resume=True) == history
    assert_same(parameters(fresh[0]), parameters(whole[0]))


@pytest.mark.parametrize(
    "began, goes_on, said",
    [
        (LINEAR, None, "schedule is linear there, None here"),
        (None, LINEAR, "schedule is None there, linear here"),
        (LINEAR, mbp.Schedule("cosine", 3), "schedule is linear there, cosine here"),
        (LINEAR, mbp.Schedule("linear", 4), "warmup is 3 there, 4 here"),
    ],
)
def test_another_schedule_is_refused(began, goes_on, said, tmp_path):
    path = tmp_path / "run.npz"
    fit(made(), stop=2, schedule=began, checkpoint=path)
    refused(lambda: fit(made(), schedule=goes_on, checkpoint=path, resume=True), "other settings", said)


def test_bad_input():
    refused(lambda: fit(made(), schedule="linear"), "Schedule('linear')", "not 'linear'")
    refused(lambda: fit(made(), schedule=mbp.Schedule(warmup=18)), "warmup = 18", "18 steps", "shorter")
    fit(made(), schedule=mbp.Schedule(warmup=17))
