"""`fit` on sentences and on transitions: it learns, resumes bit for bit, counts, and names what diverged."""

import json
import os

import numpy as np
import pytest
from helpers import Told, assert_same, parameters
from trees import bank_of

import minimalbp as mbp
from minimalbp.backend import BACKENDS

BANK = bank_of(train=20, held_out=5)
TASKS = ("tagging", "parsing")
DATA = {"tagging": mbp.TaggingData(BANK), "parsing": mbp.ParsingData(BANK)}
BATCH = {"tagging": 1, "parsing": 30}


@pytest.fixture(params=TASKS)
def task(request):
    return request.param


NO_JIT = "NUMBA_DISABLE_JIT" in os.environ  # a minute each then


@pytest.fixture(params=["reference"] if NO_JIT else BACKENDS)
def backend(request):
    return request.param


@pytest.fixture(
    params=["reference"] if NO_JIT else ["cpu", pytest.param("reference", marks=pytest.mark.slow)]
)
def learner(request):
    """A backend for many epochs. The specification takes them where JIT is off, and in the slow tests."""
    return request.param


def made(task, backend, *, select=None, rng=1, **options):
    net = (mbp.tagger if task == "tagging" else mbp.parser)(
        DATA[task].encoding, hidden=8, select=select, rng=rng, backend=backend, **options
    )
    return net, mbp.Adam(net.parameters(), lr=0.01)


def fit(task, net, optimizer, *, stop=None, **options):
    seen = []
    settings = {
        "epochs": 2,
        "batch_size": BATCH[task],
        "rng": 5,
        "evals_per_epoch": 3,
        "threads": 1,
    } | options
    halt = Told(lambda record: seen.append(record) or len(seen) == stop)
    return mbp.fit(net, DATA[task], optimizer, companions=[halt], **settings)


LEARN = [
    (None, "off"), (None, "dw"), (mbp.TopK(3), "off"), (mbp.UnifiedTopK(3), "forward"),
    (mbp.Systematic(3), "forward"), (mbp.Threshold(3, over="batch"), "off"), (mbp.Signs(4), "off"),
]  # fmt: skip


@pytest.mark.parametrize("select, center", LEARN, ids=str)
def test_a_network_learns(task, learner, select, center):
    net, optimizer = made(task, learner, select=select, center=center)
    before = mbp.evaluate(net, DATA[task].test, threads=1)
    history = fit(task, net, optimizer, epochs=8)
    best = history.best
    assert best.dev_loss < before.loss / 2
    if task == "parsing":
        assert best.test_uas > 0.8 > before.uas
        assert 0.5 < best.dev_las <= best.dev_uas and best.test_las <= best.test_uas
    else:
        assert best.test_accuracy > 0.8 > before.accuracy
    assert json.loads(json.dumps(best.as_json())) == best.as_json()


@pytest.mark.parametrize("select", [mbp.TopK(6), mbp.UnifiedTopK(6)], ids=str)
def test_one_choice_from_all_gates_learns(learner, select):
    net, optimizer = made("tagging", learner, select=select, gates="all", bidirectional=True)
    assert fit("tagging", net, optimizer, epochs=8).best.test_accuracy > 0.8
    for d in net.children[1].directions:
        assert d.last_choice.shape[1] == 6
        assert (d.last_choice >= 8).any()  # units of other gates than the first


@pytest.mark.parametrize(
    "select, center, stop",
    [
        (mbp.RandomK(2), "off", 1), (mbp.RandomK(2), "forward", 3), (mbp.RandomK(2), "off", 4),
        (mbp.Systematic(2), "dw", 3), (mbp.Threshold(2, over="batch"), "forward", 4),
    ],
    ids=str,
)  # fmt: skip
def test_resuming_is_a_run_never_stopped(task, select, center, stop, backend, tmp_path):
    """Stopped within the first pass, between two, and within the second: the unknown words of a pass come back."""
    path, meters = tmp_path / "run.npz", [mbp.Meter(), mbp.Meter()]
    options = {"select": select, "center": center, "dropout": 0.2}
    whole = made(task, backend, **options)
    history = fit(task, *whole, meter=meters[0])
    fit(task, *made(task, backend, **options), checkpoint=path, stop=stop, meter=mbp.Meter())
    fresh = made(task, backend, **options | {"rng": 99})
    resumed = fit(task, *fresh, checkpoint=path, resume=True, meter=meters[1])
    assert_same(parameters(fresh[0]), parameters(whole[0]))  # running means too
    assert resumed.records == history.records
    assert meters[1].ops == meters[0].ops


def test_the_same_seed_is_the_same_run_and_another_is_not(task, backend):
    nets = [made(task, backend)[0] for _ in range(3)]
    for net, rng in zip(nets, (5, 5, 6)):
        fit(task, net, mbp.Adam(net.parameters()), rng=rng, epochs=1)
    assert_same(parameters(nets[0]), parameters(nets[1]))
    assert any((a.value != b.value).any() for a, b in zip(nets[0].parameters(), nets[2].parameters()))


@pytest.mark.parametrize("select", [None, mbp.Systematic(3, over="batch"), mbp.Threshold(3)], ids=str)
def test_several_sentences_in_a_batch(select, learner):
    """Twenty sentences in batches of 8, 8 and 4 take 3 steps, and learn."""
    net, optimizer = made("tagging", learner, select=select)
    history = fit("tagging", net, optimizer, batch_size=8, epochs=20)
    assert history.records[-1].step == 60 and history.best.test_accuracy > 0.8


def test_every_sentence_once_in_a_pass_in_a_new_order(monkeypatch):
    from minimalbp.train import loop as run

    true_step, seen = run.train_step, []

    def note(net, loss, optimizer, x, labels, *more):
        seen.append(labels.tolist())
        return true_step(net, loss, optimizer, x, labels, *more)

    monkeypatch.setattr(run, "train_step", note)
    fit("tagging", *made("tagging", "reference"))
    words = DATA["tagging"].train
    ends = np.cumsum(words.lengths)
    wanted = sorted(words.y[end - n : end].tolist() for end, n in zip(ends, words.lengths))
    assert sorted(seen[:20]) == sorted(seen[20:]) == wanted and seen[:20] != seen[20:]


def test_top_k_of_all_units_is_the_dense_run(task, backend):
    runs = [fit(task, *made(task, backend, select=select)) for select in (None, mbp.TopK(8))]
    assert runs[0].records == runs[1].records


def test_operations_are_counted_exactly(task, backend):
    """dW of a hidden layer shrinks by k / h, whatever the sentences are."""
    ops = []
    for select in (None, mbp.TopK(2)):
        meter = mbp.Meter()
        net, optimizer = made(task, backend, select=select)
        fit(task, net, optimizer, epochs=1, meter=meter)
        ops.append(meter.ops)
    rows = len(DATA[task].train.y) if task == "tagging" else len(DATA[task].train)
    out = rows * 8 * DATA[task].n_classes  # the output layer stays dense
    width, gates = (190 + 8, 4) if task == "tagging" else (2400, 1)
    table = ops[0]["dw"] - out - rows * gates * 8 * width  # of the embedding's rows
    assert table == rows * (190 if task == "tagging" else 2400)
    chosen = rows * gates * 2
    assert ops[1]["dw"] == out + table + chosen * (width + 1 + 2)  # picking, and turning the choice around


@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_what_diverged_is_named(task, backend, poison, tmp_path):
    net, optimizer = made(task, backend)
    net.linears()[-1].weight.value[:] = poison
    with pytest.raises(mbp.Diverged, match=r"layer \d, Linear.*too\)"):
        fit(task, net, optimizer, checkpoint=tmp_path / "run.npz")
    net, _ = made(task, backend)
    with pytest.raises(mbp.Diverged, match="first values that are not finite come out of"):
        fit(task, net, mbp.SGD(net.parameters(), lr=1e30))


def test_a_batch_larger_than_the_data_is_refused(task):
    with pytest.raises(mbp.BadInput, match="larger than the"):
        fit(task, *made(task, "reference"), batch_size=10**6)
