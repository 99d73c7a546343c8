"""Companions of a training: what they are told and when, what they may do, and what a checkpoint keeps of them."""

import json

import numpy as np
import pytest
from helpers import Told, assert_same, clusters, parameters, refused

import minimalbp as mbp
from minimalbp.train.companion import Together
from minimalbp.train.fit import prepare
from minimalbp.train.trial import warm_up

DATA = clusters(n=40)


def made(backend="reference"):
    net = mbp.mlp([7, 5, 3], backend=backend, rng=1)
    return net, mbp.SGD(net.parameters(), lr=0.1)


def fit(*companions, model=None, **options):
    """Six steps an epoch, two evaluations each."""
    settings = {"epochs": 2, "batch_size": 7, "evals_per_epoch": 2, "threads": 1} | options
    net, optimizer = model or made()
    return mbp.fit(net, DATA, optimizer, companions=companions, **settings)


class Diary(mbp.Companion):
    """Notes all calls, among those of others in one list."""

    def __init__(self, name="", calls=None):
        self.name, self.calls = name, [] if calls is None else calls

    def begin(self, net, optimizer, parts):
        self.net = net
        self.calls.append((self.name, "begin", parts))

    def before_part(self, part, history):
        assert len(history.records) == part
        self.calls.append((self.name, "before", part))

    def observe(self):
        assert all(p.grad is not None for p in self.net.parameters())
        self.calls.append((self.name, "observe"))

    def after_part(self, record):
        self.calls.append((self.name, "look", record.step))


class Counter(mbp.Companion):
    """Keeps a number and an array; its settings must be the same to go on."""

    def __init__(self, unit=1):
        self.unit, self.total, self.steps = unit, 0, np.zeros(1, np.int64)

    def observe(self):
        self.total, self.steps = self.total + self.unit, self.steps + 1

    def settings(self):
        return {"unit": self.unit}

    def state(self):
        return {"total": self.total}, {"steps": self.steps}

    def restore(self, state, arrays):
        self.total, self.steps = state["total"], arrays["steps"]


def test_they_are_called_in_order():
    calls = []
    fit(Diary("a", calls), Diary("b", calls), epochs=1)
    both = lambda *call: [("a", *call), ("b", *call)]  # noqa: E731
    part = lambda i: [*both("before", i), *(3 * both("observe")), *both("look", 3 * i + 3)]  # noqa: E731
    assert calls == [*both("begin", 2), *part(0), *part(1)]


def test_each_sees_every_record_and_may_end_the_training():
    seen, others = [], []

    def stop_at_third(record):
        seen.append(record)
        return len(seen) == 3

    history = fit(Told(stop_at_third), Told(others.append), epochs=5)
    assert history.records == seen == others
    assert [r.step for r in seen] == [3, 6, 9]


def test_the_checkpoint_is_written_after_they_looked(tmp_path):
    path, found = tmp_path / "run.npz", []
    fit(Told(lambda record: found.append(path.exists())), checkpoint=path)
    assert found == [False, True, True, True]


def test_they_may_change_the_network():
    class Halve(mbp.Companion):
        def begin(self, net, optimizer, parts):
            self.weight = net.linears()[0].weight

        def before_part(self, part, history):
            if part == 1:
                self.weight.value *= 0.5

        def widths(self):
            return [5]

    plain, halved = made(), made()
    fit(model=plain, epochs=1, evals_per_epoch=1)
    history = fit(Diary(), Halve(), model=halved)
    assert [r.widths for r in history.records] == [[5]] * 4
    assert not np.array_equal(*(parameters(net)["0.weight"] for net, _ in (plain, halved)))


def test_a_checkpoint_keeps_the_state_of_one(tmp_path, backend):
    path, whole = tmp_path / "run.npz", Counter()
    looks = iter(range(5))
    fit(Diary(), whole, model=made(backend))
    fit(Counter(), Told(lambda record: next(looks) == 1), model=made(backend), checkpoint=path)
    with np.load(path) as file:
        assert file["companion/steps"].tolist() == [6]
        training = json.loads(str(file["meta"]))["training"]
    assert training["companion"] == {"total": 6} and training["settings"]["unit"] == 1
    resumed = Counter()
    fit(resumed, Diary(), model=made(backend), checkpoint=path, resume=True)
    assert (resumed.total, resumed.steps) == (whole.total, whole.steps) == (12, 12)


def may_resume(net, optimizer, path, companions, **options):
    settings = {"batch_size": 7, "rng": 0, "evals_per_epoch": 2} | options
    prepare(net, DATA, optimizer, resume_from=path, companions=companions, **settings)


def test_a_checkpoint_is_refused_with_other_companions(tmp_path):
    path = tmp_path / "run.npz"
    fit(Counter(), checkpoint=path)
    for others, message in (
        ([], "unit is 1 there, None here"),
        ([Counter(unit=2)], "unit is 1 there, 2 here"),
    ):
        refused(lambda others=others: fit(*others, checkpoint=path, resume=True), "other settings", message)
        refused(lambda others=others: may_resume(*made(), path, others), "other settings", message)
    net, optimizer = made()
    may_resume(net, optimizer, path, [Counter()])
    assert optimizer.t == 12
    refused(lambda: may_resume(*made(), path, Counter()), "write companions=[Counter(...)]")
    refused(
        lambda: may_resume(*made(), path, [Counter()], batch_size=41),
        "41 is larger than the 40 training examples",
    )
    refused(
        lambda: may_resume(*made(), path, [Counter()], loss=mbp.SoftmaxCrossEntropy("sum")),
        "loss is mean there",
    )
    refused(lambda: may_resume(made()[0], optimizer, path, [Counter()]), "not this network's")


def test_two_with_a_state_are_refused():
    refused(
        lambda: fit(Counter(), Diary(), Counter()), "Counter and Counter each have a state", "leave one out"
    )
    refused(lambda: fit(Counter(), mbp.Simplifier()), "Counter and Simplifier each have a state")


@pytest.mark.parametrize(
    "companions, fragment",
    [
        (Counter(), "write companions=[Counter(...)]"),
        (mbp.Simplifier(), "write companions=[Simplifier(...)]"),
        (print, "a method after_part(self, record), not <built-in function print>"),
        ([print], "a method after_part(self, record), not <built-in function print>"),
        ([mbp.Simplifier], "objects such as Simplifier(), of subclasses of mbp.Companion"),
        (None, "not None"),
        (["Simplifier"], "not 'Simplifier'"),
    ],
)  # fmt: skip
def test_what_is_no_list_of_companions_is_refused(companions, fragment):
    net, optimizer = made()
    refused(
        lambda: mbp.fit(net, DATA, optimizer, companions=companions), "companions must be a list", fragment
    )


def test_a_run_is_prepared_once_tried_and_trained(tmp_path, backend):
    """One network serves for the checks, the checkpoint, the trial and the training, also where it has shrunk."""

    def shrinking():
        net = mbp.mlp([7, 12, 10, 3], select=mbp.TopK(4), backend=backend, rng=1)
        return net, mbp.Adam(net.parameters(), lr=0.01)

    path, looks, whole, resumed = tmp_path / "run.npz", iter(range(9)), shrinking(), shrinking()
    plan = {"prune": 0.35, "cycle": 1}
    history = fit(mbp.Simplifier(**plan), model=whole, epochs=4)
    halt = Told(lambda record: next(looks) == 4)
    fit(mbp.Simplifier(**plan), halt, model=shrinking(), epochs=4, checkpoint=path)
    net, optimizer = resumed
    run = prepare(
        net, DATA, optimizer, batch_size=7, rng=0, evals_per_epoch=2, companions=[mbp.Simplifier(**plan)],
        resume_from=path,
    )  # fmt: skip
    assert net.linears()[0].n_out < 12
    warm_up(net, optimizer, DATA, 7, threads=1, dense=True)
    assert run.train(4, checkpoint=path, threads=1, progress=None) == history
    assert_same(parameters(net), parameters(whole[0]))


def test_a_companion_that_has_ended_a_training_has_ended_it_when_it_goes_on(tmp_path):
    class Brief(Counter):
        def after_part(self, record):
            return self.ended()

        def ended(self):
            return self.total >= 3

        def state(self):
            return {"total": self.total}, {}

        def restore(self, state, arrays):
            self.total = state["total"]

    path = tmp_path / "run.npz"
    assert fit(Brief(), checkpoint=path).records[-1].step == 3
    assert fit(Brief(), checkpoint=path, resume=True).records[-1].step == 3


def test_what_companions_say_of_themselves_stands_in_one_line():
    class Speaker(mbp.Companion):
        def __init__(self, words):
            self.words = words

        def status(self):
            return self.words

    assert (
        Together([Speaker("pruned 0:5%"), mbp.Companion(), Speaker("late")]).status() == "pruned 0:5%, late"
    )
