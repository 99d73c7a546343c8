"""What a plan changes during a training: learning rate and k. Resuming is as if the training had never stopped."""

import random
from contextlib import suppress
from dataclasses import replace

import pytest
from helpers import NO_JIT, Told, assert_same, clusters, parameters, refused
from trees import toy_sentence

import minimalbp as mbp
from minimalbp.data import Treebank
from minimalbp.train.pace import Pace, clip_notes
from minimalbp.train.trial import warm_up

DRAW = random.Random(0)
BANK = Treebank("toy", *(tuple(toy_sentence(DRAW) for _ in range(n)) for n in (12, 3, 3)))
TAGGING = mbp.TaggingData(BANK)
DATA = clusters(n=40)  # six batches of 7
LINEAR = mbp.Schedule("linear", warmup=3)


def made(backend="reference", optimizer=mbp.Adam, select=None):
    net = mbp.mlp([7, 6, 5, 3], select=select or mbp.RandomK(2), dropout=0.2, rng=1, backend=backend)
    return net, optimizer(net.parameters(), lr=0.05)


def tagger(backend, select):
    net = mbp.tagger(
        TAGGING.encoding,
        hidden=[6, 5],
        select=select,
        dropout=0.2,
        bidirectional=True,
        rng=1,
        backend=backend,
    )
    return net, mbp.Adam(net.parameters(), lr=0.05)


def fit(run, *, stop=None, epochs=3, companions=(), data=DATA, **options):
    """Train with three evaluations an epoch; stop after `stop` of them."""
    seen = []
    halt = Told(lambda record: seen.append(record) or len(seen) == stop)
    settings = {"batch_size": 7, "evals_per_epoch": 3, "threads": 1} | options
    return mbp.fit(run[0], data, run[1], epochs=epochs, companions=[halt, *companions], **settings)


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


# --- k --------------------------------------------------------------------------------------------------------

KINDS = [mbp.TopK(2), mbp.UnifiedTopK(ratio=0.4, score="l2"), mbp.RandomK(2, scaled=True)]
every_kind = pytest.mark.parametrize("select", KINDS, ids=lambda select: select.name)


def selectors(net):
    return [layer.select for layer in net.layers() if hasattr(layer, "select")]


@every_kind
def test_every_step_has_its_k(select):
    """After half an epoch of six steps 3 units; after 1.5 all of them; after two 40 %. The last layer is dense."""
    run = made(select=select)
    watch = Watch(lambda: selectors(run[0]))
    fit(run, k_schedule="3@0.5, 100%@1.5,40 %@2", companions=[watch])
    k = {"k": None, "ratio": None}
    want = [select] * 3 + [replace(select, **k | {"k": 3})] * 6 + [replace(select, **k | {"ratio": 1.0})] * 3
    want += [replace(select, **k | {"ratio": 0.4})] * 6
    assert watch.seen == [[some, some, mbp.Dense()] for some in want]
    assert selectors(run[0]) == [select, select, mbp.Dense()], "afterwards they are as before"


def test_k_of_every_unit_from_the_first_step_on_is_dense():
    """The first step alone is sparse; with k of the full width there too, all is the dense network."""
    dense, wide = made(select=mbp.Dense()), made(select=mbp.TopK(6))
    assert fit(dense) == fit(wide, k_schedule="100%@0.1")
    assert fit(made(select=mbp.Dense())) != fit(made(select=mbp.TopK(1)), k_schedule="100%@0.1")


def test_a_dense_network_has_no_k_to_change():
    plain, scheduled = made(select=mbp.Dense()), made(select=mbp.Dense())
    assert fit(plain) == fit(scheduled, k_schedule="2@1")


@every_kind
@pytest.mark.parametrize("stop", [1, 4, 5, 6])
def test_resuming_is_a_run_never_stopped_whatever_k_is(select, stop, tmp_path):
    """Stopped before the first change, between two, and where k changes; also gone on with in the same objects."""
    path, plan = tmp_path / "run.npz", {"k_schedule": "100%@0.5,4@1.33,2@2", "schedule": LINEAR}
    whole, fresh, same = (made(select=select) for _ in range(3))
    history = fit(whole, **plan)
    fit(same, stop=stop, checkpoint=path, **plan)
    content = path.read_bytes()
    for run in (fresh, same):
        path.write_bytes(content)
        assert fit(run, checkpoint=path, resume=True, **plan).records == history.records
        assert_same(parameters(run[0]), parameters(whole[0]))


@pytest.mark.parametrize("select", [mbp.TopK(2), mbp.UnifiedTopK(2), mbp.RandomK(2)], ids=lambda s: s.name)
def test_an_lstm_has_k_in_each_gate(select, backend, tmp_path):
    if NO_JIT and backend != "reference":
        pytest.skip("three seconds each without the compiler")
    path, options = tmp_path / "run.npz", {"batch_size": 3, "data": TAGGING, "epochs": 2}
    plan = {"k_schedule": "100%@0.5,4@1", **options}
    whole, fresh = tagger(backend, select), tagger(backend, select)
    widths = Watch(lambda: whole[0].children[-3].directions[0].last_picked.shape[1])
    history = fit(whole, companions=[widths], **plan)
    assert widths.seen == [4 * 2] * 2 + [4 * 5] * 2 + [4 * 4] * 4
    fit(tagger(backend, select), stop=4, checkpoint=path, **plan)
    assert fit(fresh, checkpoint=path, resume=True, **plan).records == history.records
    assert_same(parameters(fresh[0]), parameters(whole[0]))


def test_more_epochs_are_allowed_and_another_plan_for_k_is_not(tmp_path):
    path, whole, fresh = tmp_path / "run.npz", made(), made()
    history = fit(whole, k_schedule="4@1", epochs=4)
    fit(made(), k_schedule="4@1", epochs=2, checkpoint=path)
    for other, said in ((None, "4@1 there, None here"), ("4@1,2@2", "4@1 there, 4@1,2@2 here")):
        refused(lambda other=other: fit(made(), k_schedule=other, checkpoint=path, resume=True), said)
    assert fit(fresh, k_schedule=" 4@ 1", epochs=4, checkpoint=path, resume=True) == history


@pytest.mark.parametrize("select", [mbp.TopK(6), mbp.RandomK(2)], ids=lambda select: select.name)
def test_a_trial_has_every_k_and_leaves_no_trace(select, backend):
    plain, tried = made(backend, select=select), made(backend, select=select)
    pace, widths = Pace(3, LINEAR, "3@1,100%@2"), []
    pace.begin(*tried, steps=6)
    warm_up(
        *tried, DATA, 7, threads=1, pace=pace,
        observe=lambda: widths.append(tried[0].linears()[0].last_picked.shape[1]),
    )  # fmt: skip
    first = 2 if select.k == 2 else 6
    assert widths == [first] * 2 + [3] * 2 + [6] * 2  # two sizes of batch
    assert selectors(tried[0]) == selectors(plain[0])
    plan = {"schedule": LINEAR, "k_schedule": "3@1,100%@2"}
    assert fit(tried, **plan) == fit(plain, **plan)
    assert_same(parameters(tried[0]), parameters(plain[0]))


def test_a_later_k_above_the_width_is_noted():
    net, _ = made()
    wide, *narrow = clip_notes(net, "2@1,6@2,7@3")
    assert "k = 7 is larger than layer 0" in wide and "all 6 units" in wide
    assert [note[:5] for note in narrow] == ["k = 6", "k = 7"] and all("all 5 units" in n for n in narrow)
    assert selectors(net)[0] == mbp.RandomK(2) and clip_notes(net, None) == []


def test_selectors_that_a_companion_sets_stay():
    run = made(select=mbp.TopK(2))

    def change(record):
        run[0].linears()[0].select = mbp.TopK(4)

    fit(run, companions=[Told(change)])
    assert run[0].linears()[0].select == mbp.TopK(4)


def test_bad_input():
    refused(lambda: fit(made(), schedule="linear"), "Schedule('linear')", "not 'linear'")
    refused(lambda: fit(made(), schedule=mbp.Schedule(warmup=18)), "warmup = 18", "18 steps", "shorter")
    fit(made(), schedule=mbp.Schedule(warmup=17))
    refused(lambda: fit(made(), k_schedule="2@3"), "after 3 epochs", "the training has 3", "more epochs")


NO_PLANS = (
    "", "5%", "5%@", "5%@x", "5%@nan", "5%@inf", "5%@0", "5%@-1", "5%@2;2%@3", "5%@2,", 5, ["5%@2"]
)  # fmt: skip


@pytest.mark.parametrize(
    "text, said",
    [
        *((text, "k_schedule must be K@EPOCH above epoch 0, such as 10%@2,5%@5, not") for text in NO_PLANS),
        ("2@1,3@1", "must ascend, as in 10%@2,5%@5; 1 comes after 1"),
        ("2@2.5,3@1", "must ascend, as in 10%@2,5%@5; 1 comes after 2.5"),
        ("@2", "in k_schedule, k must be a whole number"),
        ("0@2", "in k_schedule, k must be at least 1, not 0"),
        ("101%@2", "in k_schedule, k as a percentage must be above 0% and at most 100%"),
    ],
)
def test_bad_plans_for_k_get_one_line(text, said):
    refused(lambda: fit(made(), k_schedule=text), said)
