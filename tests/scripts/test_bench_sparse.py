"""bench_sparse.py: what is wrong is found, all else is measured, and its tables say what was reached."""

import json
import os

import pytest
from helpers import SCRIPTS, script

pytestmark = pytest.mark.skipif(not SCRIPTS.is_dir(), reason="the tests run outside the source tree")
NO_JIT = "NUMBA_DISABLE_JIT" in os.environ
QUICK = ["--threads", "1", "--rounds", "1", "--block", "3", "--skip", "1", "--seconds", "0.002"]


@pytest.fixture
def bench(monkeypatch):
    """The script with 32 units, that read 4, and no rests."""
    pytest.importorskip("torch")
    if NO_JIT:
        pytest.skip("kernels take minutes without the JIT")
    found = script("bench_sparse")
    monkeypatch.setattr("bench.sparse_step.COPIES", 2)
    monkeypatch.setattr("bench.sparse_step.RADICES", [4, 2, 2])
    monkeypatch.setattr("minimalbp.measure.timing.REST", 0)
    for name, value in (("BATCH", 5), ("FAN_IN", 8)):
        monkeypatch.setattr(found, name, value)
    return found


def test_it_verifies_measures_and_writes(bench, tmp_path, capsys):
    path = tmp_path / "sparse.json"
    assert bench.main([*QUICK, "--sizes", "32", "--batch", "1", "5", "--to", str(path)]) == 0
    report = json.loads(path.read_text())
    assert report["commits"] and [one["shape"] for one in report["passes"]["1"]] == [[1, 32, 8], [5, 32, 8]]
    assert set(report["steps"]["1"]) == {"block", "indexed", "dense", "PyTorch, fused Adam"}
    for r in report["steps"]["1"].values():
        low, high = r["quartiles"]
        assert r["steps"] == 2 and 0 < low <= r["step"] <= high
    out = capsys.readouterr().out
    assert "| 1 | 32 | 5 | block |" in out and "never slower than PyTorch's sparse_csr" in out
    assert "* indexed, 1 thread, at least 6 times PyTorch's dense step" in out


def test_a_wrong_gradient_is_found_before_it_is_timed(bench, monkeypatch):
    """PyTorch judges a step."""
    steps = script("bench.sparse_step")
    for kind in steps.GRAPHS:
        steps.verify(kind, 5)
    monkeypatch.setattr("minimalbp.kernels.cpu.sparse.dw", lambda dw, *_: dw.fill(1))
    with pytest.raises(AssertionError, match=r"gradient of 0\.weight"):
        steps.verify("indexed", 5)


def test_an_update_that_is_missing_is_found(bench, monkeypatch):
    monkeypatch.setattr("minimalbp.optim.adam.Adam.step", lambda self: None)
    with pytest.raises(AssertionError, match="did not move"):
        script("bench.sparse_step").verify("block", 5)


def shape(batch, n, ours, csr, dense):
    """One entry of a report, in microseconds: our two kinds, sparse_csr, and both passes of the best dense code."""
    arms = {
        kind: {"forward": 1e-6 * t, "backward": 2e-6 * t, "quartiles": {"forward": [1e-6 * t] * 2},
               "speedup": {"both": dense / t}}
        for kind, t in zip(("block", "indexed"), ours)
    }  # fmt: skip
    for more in ("", " (blocks)"):
        for name in ("scipy CSR", "PyTorch sparse_csr", "PyTorch sparse_csr, batch last"):
            arms[name + more] = {"forward": 1e-6 * csr}
    return {"shape": [batch, n, 32], "best": [1e-6 * dense, 2e-6 * dense], "arms": arms}


def test_tables_say_what_was_reached():
    tables = script("bench.sparse_markdown")
    passes = {"2": [shape(64, 1024, (10, 20), 30, 100), shape(16, 1024, (10, 20), 19, 100)]}
    report = {"passes": passes, "steps": {}}
    text = tables.passes_table(report)
    assert "block, two threads, at least 9 times the best dense code: reached (10.0)" in text
    assert "indexed, two threads, at least 6 times the best dense code: missed (5.0)" in text
    said = tables.forward_table(report)
    assert "missed in 1 of 4 (least 0.95x, at n = 1,024, batch 16, indexed, 2 threads)" in said
    step = {"step": 1e-3, "quartiles": [1e-3] * 2, "forward": 0, "backward": 0, "update": 0}
    steps = {"1": {"block": step, "PyTorch, fused Adam": step | {"step": 7e-3}}}
    assert "* block, 1 thread, at least 6 times PyTorch's dense step: reached (7.0)." in tables.step_table(
        {"steps": steps}
    )


def test_nonsense_is_refused(capsys):
    pytest.importorskip("torch")
    for words, said in ((["--sizes", "16"], "fan-in of 32 is more than"), (["--seconds", "0"], "seconds must be"),
                        (["--batch", "0"], "at least 1"), (["--skip", "99"], "skip must be less")):  # fmt: skip
        assert script("bench_sparse").main(words) == 2
        assert said in capsys.readouterr().err
