"""The scripts behind the figures, on data small enough for a test, and the tables they fill."""

import importlib.util
import json
import os
from pathlib import Path

import numpy as np
import pytest

SCRIPTS = Path(__file__).parent.parent / "scripts"
pytestmark = pytest.mark.skipif(not SCRIPTS.is_dir(), reason="the tests run outside the source tree")


def script(name):
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="500 units take minutes without the JIT")
def test_reproduce_mnist_on_a_handful_of_examples(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "few.npz", x=rng.random((60, 9), np.float32), y=np.arange(60) % 3)
    reproduce = script("reproduce_mnist")
    monkeypatch.setattr(reproduce, "ProcessPoolExecutor", InProcess)
    words = [
        "--data",
        str(tmp_path / "few.npz"),
        "--seeds",
        "2",
        "--epochs",
        "1",
        "--out",
        str(tmp_path / "runs"),
    ]
    reproduce.main([*words, "--to", str(tmp_path / "first.json")])
    first = json.loads((tmp_path / "first.json").read_text())
    assert [arm["name"] for arm in first["arms"]] == list(reproduce.ARMS)
    for arm in first["arms"]:
        mine = [r["test_accuracy"] for r in first["runs"] if r["name"] == arm["name"]]
        assert len(mine) == 2 and np.isclose(arm["test_accuracy"]["mean"], np.mean(mine))
        assert np.isclose(arm["test_accuracy"]["se"], np.std(mine, ddof=1) / np.sqrt(2))
    monkeypatch.setattr(reproduce, "run", None)  # every run is kept: nothing is trained again
    reproduce.main([*words, "--to", str(tmp_path / "second.json")])
    assert json.loads((tmp_path / "second.json").read_text())["runs"] == first["runs"]
    assert "| dense h=500 | all |" in script("tables").mnist_table(first)


class InProcess:
    """An executor that works at once, so that the test sees what happens."""

    def __init__(self, *args, **kwargs):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def submit(self, function, *args):
        from concurrent.futures import Future

        future = Future()
        future.set_result(function(*args))
        return future


@pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="500 units take minutes without the JIT")
def test_bench_step_verifies_and_then_measures():
    pytest.importorskip("torch")
    bench = script("bench_step")
    bench.verify(3)
    result = bench.measure(3, threads=1, rounds=1, block=3, skip=1)
    assert set(bench.ARMS) < set(result)
    assert all(r["steps"] == 2 and r["step"] > 0 for r in result.values())


def test_a_wrong_step_is_found_before_it_is_timed(monkeypatch):
    """The judge must be able to fail: a dense network that skips its update is refused."""
    if "NUMBA_DISABLE_JIT" in os.environ:
        pytest.skip("500 units take minutes without the JIT")
    bench = script("bench_step")
    monkeypatch.setattr(bench, "ARMS", {"top-k": (bench.mbp.TopK(25), "all")})
    monkeypatch.setattr("minimalbp.optim.adam.Adam.step", lambda self: None)
    with pytest.raises(AssertionError, match="did not move"):
        bench.verify(3)


def test_the_committed_tables_are_those_of_the_committed_results(capsys, monkeypatch):
    tables = script("tables")
    monkeypatch.setattr("sys.argv", ["tables.py", "--check"])
    assert tables.main() == 0, capsys.readouterr().err
