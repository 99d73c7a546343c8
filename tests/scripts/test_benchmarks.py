"""The benchmarks: nonsense is refused, what is wrong is found, all else is measured. No clock has a threshold."""

import json
import os

import pytest
from helpers import SCRIPTS, script

pytestmark = pytest.mark.skipif(not SCRIPTS.is_dir(), reason="the tests run outside the source tree")
NO_JIT = "NUMBA_DISABLE_JIT" in os.environ
QUICK = ["--threads", "1", "--rounds", "1", "--block", "3", "--skip", "1"]


@pytest.mark.skipif(NO_JIT, reason="500 units take minutes without the JIT")
def test_bench_step_verifies_and_then_measures():
    pytest.importorskip("torch")
    bench = script("bench_step")
    bench.verify(3)
    result = bench.measure(3, threads=1, rounds=1, block=3, skip=1)
    assert set(bench.ARMS) < set(result)
    assert all(r["steps"] == 2 and r["step"] > 0 for r in result.values())


def test_a_wrong_step_is_found_before_it_is_timed(monkeypatch):
    """The judge must be able to fail: a dense network that skips its update is refused."""
    if NO_JIT:
        pytest.skip("500 units take minutes without the JIT")
    bench = script("bench_step")
    monkeypatch.setattr(bench, "ARMS", {"top-k": (bench.mbp.TopK(25), "all")})
    monkeypatch.setattr("minimalbp.optim.adam.Adam.step", lambda self: None)
    with pytest.raises(AssertionError, match="did not move"):
        bench.verify(3)


@pytest.fixture
def tagger(monkeypatch):
    """bench_lstm with a small tagger."""
    pytest.importorskip("torch")
    small = {"TABLES": [(30, 5), (7, 3)], "N_IN": 8, "HIDDEN": 12, "TAGS": 4}
    for name, value in small.items():
        for module in ("bench_lstm", "bench.tagger"):
            monkeypatch.setattr(script(module), name, value)
    return script("bench_lstm")


def test_bench_lstm_verifies_measures_and_writes(tagger, tmp_path, capsys):
    path = tmp_path / "new" / "lstm.json"
    assert tagger.main([*QUICK, "--words", "3", "5", "--to", str(path)]) == 0
    report = json.loads(path.read_text())
    assert report["command"].startswith("python scripts/bench_lstm.py --threads 1") and report["commits"]
    assert set(report["step"]) == {*tagger.ARMS, *tagger.PEERS} and report["words"] == [3, 5]
    assert set(report["backward"]) == {*tagger.BACKWARD, "PyTorch"}
    assert set(tagger.BACKWARD) < set(report["parts"])
    for result in [*report["backward"].values(), *(r["step"] for r in report["step"].values())]:
        low, high = result["quartiles"]
        assert result["calls"] == 2 and 0 < low <= result["median"] <= high
    assert "top-k 5, rows=chosen" in capsys.readouterr().out
    tables = script("bench.markdown")
    for table in (tables.lstm_backward_table, tables.lstm_parts_table, tables.lstm_step_table):
        assert "| top-k 10" in table(report)


def test_a_wrong_gradient_of_the_lstm_is_found(tagger, monkeypatch):
    """PyTorch judges the dense one."""
    backward = tagger.mbp.LSTM.backward

    def wrong(self, dy, **options):
        dx = backward(self, dy, **options)
        self.parameters()[1].grad.values[0, 0] += 1
        return dx

    made = tagger.sentences(3, 5)
    tagger.verify(made)
    monkeypatch.setattr(tagger.mbp.LSTM, "backward", wrong)
    with pytest.raises(AssertionError, match=r"dense, rows=all: the gradient of 1\.weight_hh_l0 is off"):
        tagger.verify(made)


def test_a_wrong_choice_in_the_lstm_is_found(tagger, monkeypatch):
    """The reference judges the sparse ones."""
    kernel = tagger.mbp.get_backend("cpu").lstm.backward_top_k

    def wrong(dgates, chosen, picked, *others):
        kernel(dgates, chosen, picked, *others)
        picked *= 1.01

    monkeypatch.setattr("minimalbp.kernels.cpu.lstm.backward_top_k", wrong)
    with pytest.raises(AssertionError, match="top-k 10, rows=all: the gradient of"):
        tagger.verify(tagger.sentences(3, 5))


@pytest.mark.skipif(NO_JIT, reason="500 units take minutes without the JIT")
def test_bench_cost_measures_layers_real_gradients_and_steps(points, tmp_path, monkeypatch):
    bench = script("bench_cost")
    for name, value in (("HIDDEN", 30), ("BATCHES", (4,)), ("EPOCHS", (1, 2))):
        monkeypatch.setattr(bench, name, value)
    of_cost = {"ceilings.SIZE": 16, "ceilings.STREAM": 1 << 12, "ceilings.NEAR": 1 << 10}
    for name, value in of_cost.items():
        monkeypatch.setattr(f"minimalbp.cost.{name}", value)
    monkeypatch.setattr("minimalbp.measure.timing.REST", 0)
    monkeypatch.setattr(
        "minimalbp.backend.cores", lambda: 1
    )  # waking a second is slow where others want it too
    words = ["--shape", "3,9,8", "--k", "2", "--seconds", "0.001", "--batch", "2", "--data", points]
    assert bench.main([*words, "--to", str(tmp_path / "to")]) == 0
    report = json.loads((tmp_path / "to" / "cost.json").read_text())
    of_epoch = [[4, 5, 30]] * 2 + [[4, 30, 30]] * 2
    assert [r["shape"] for r in report["results"]] == [[3, 9, 8]] * 2 + of_epoch * 2
    assert all(("problem" in r) == (i > 1) for i, r in enumerate(report["results"]))
    assert [r["batch"] for r in report["steps"]] == [2, 2]
    assert (
        report["command"].startswith("python scripts/bench_cost.py --shape 3,9,8 --k 2") and report["commits"]
    )
    assert (tmp_path / "to" / "cost.png").read_bytes().startswith(b"\x89PNG")


def test_bench_kernels_verifies_and_times_every_kernel(capsys, monkeypatch):
    bench = script("bench_kernels")
    monkeypatch.setattr("minimalbp.measure.timing.REST", 0)
    assert bench.main(["--shape", "3,9,8", "--k", "2", "--seconds", "0.001"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in bench.kernels(3, 9, 8, 2))


@pytest.mark.parametrize(
    "name, words, said",
    [
        ("bench_lstm", ["--threads", "99999"], "threads must be at most"),
        ("bench_lstm", ["--words", "25", "16"], "the shortest and the longest"),
        ("bench_lstm", ["--words", "0", "3"], "the shortest and the longest"),
        ("bench_lstm", ["--block", "6", "--skip", "6"], "skip must be less than block"),
        ("bench_lstm", ["--rounds", "0"], "rounds must be at least 1"),
        ("bench_lstm", ["--to", "/proc/none/x.json"], "cannot write"),
        ("bench_step", ["--threads", "0"], "threads must be at least 1"),
        ("bench_step", ["--skip", "-1"], "skip must be at least 0"),
        ("bench_step", ["--batch", "3", "0"], "batch must be at least 1"),
        ("bench_step", ["--to", "."], "no plain file"),
        ("bench_cost", ["--data", "nonsense"], "unknown data set"),
        ("bench_cost", ["--data", "", "--batch", "x"], "batch must be whole numbers"),
        (
            "bench_cost",
            ["--data", "digits", "--shape", "1,9,900", "--k", "600"],
            "larger than the layer's 500",
        ),
        ("bench_cost", ["--data", "", "--to", "/proc/none"], "cannot write"),
        ("bench_cost", ["--data", "", "--seconds", "0"], "seconds must be"),
        ("bench_kernels", ["--shape", "3,4"], "BATCH,N_IN,N_OUT"),
        ("bench_kernels", ["--shape", "3,4,5", "2,2,2", "--k", "3"], "larger than the layer's 2 units"),
        ("bench_kernels", ["--seconds", "nan"], "seconds must be"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_measured(
    name, words, said, tmp_path, monkeypatch, capsys
):
    if name in ("bench_lstm", "bench_step"):
        pytest.importorskip("torch")
    bench = script(name)
    for worker in ("verify", "save_gradients", "sentences"):
        monkeypatch.setattr(bench, worker, None, raising=False)
    monkeypatch.chdir(tmp_path)
    assert bench.main(words) == 2
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert line.startswith("error: ") and said in line and out == "" and not list(tmp_path.iterdir())


@pytest.fixture
def conv(monkeypatch):
    """bench_conv with a small layer and two small networks."""
    pytest.importorskip("torch")
    bench = script("bench_conv")
    mbp = bench.mbp

    def small(make):
        return lambda shape, classes, **options: make(shape, classes, filters=(4, 4), units=(6,), **options)

    monkeypatch.setattr(bench, "LAYERS", {"inner": (3, 4, 6, 5, 3), "first": (2, 1, 5, 3, 3)})
    monkeypatch.setattr(bench, "NETWORKS", {
        "LeNet": (small(mbp.lenet), (1, 8, 8), 4, False), "ConvNet": (small(mbp.convnet), (3, 8, 8), 5, False),
        "normalised": (small(mbp.convnet), (3, 8, 8), 5, True),
    })  # fmt: skip
    return bench


def test_bench_conv_verifies_measures_and_writes(conv, tmp_path, capsys):
    path = tmp_path / "conv.json"
    assert conv.main([*QUICK, "--layers", "1", "2", "--to", str(path)]) == 0
    report = json.loads(path.read_text())
    assert set(report["layers"]) == {"inner", "first"} and set(report["networks"]) == set(conv.NETWORKS)
    for layer in report["layers"].values():
        assert set(layer["backward"]) == {*conv.SELECT, *conv.PEERS} and set(layer["parts"]) == set(
            conv.SELECT
        )
        assert set(layer["forward"]) == {"dense", *conv.PEERS}
        assert all(r["calls"] == 2 and r["median"] > 0 for r in layer["backward"].values())
    for network in report["networks"].values():
        assert set(network["arms"]) == {*conv.STEPS, *conv.PEERS}
    printed = capsys.readouterr().out
    assert "sample 5% 3x: " in printed and "with a backward pass that costs nothing" in printed
    assert conv.main([*QUICK, "--layers", "3"]) == 2


def test_a_wrong_product_is_found_before_it_is_timed(conv, monkeypatch):
    monkeypatch.setattr("minimalbp.kernels.cpu.conv.dx_all", lambda dx, *_: dx.fill(1))
    with pytest.raises(AssertionError, match="off by"):
        conv.verify(conv.LAYERS["inner"])
