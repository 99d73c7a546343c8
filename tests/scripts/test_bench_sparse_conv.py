"""bench_sparse_conv.py: what is wrong is found, all else is measured, and its table names slower layers."""

import json
import os

import pytest
from helpers import SCRIPTS, refused, script

pytestmark = [
    pytest.mark.skipif(not SCRIPTS.is_dir(), reason="the tests run outside the source tree"),
    pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="kernels take minutes without the JIT"),
]
QUICK = ["--threads", "1", "--rounds", "1", "--block", "3", "--skip", "1"]


@pytest.fixture
def bench(monkeypatch):
    """The script with small layers, and no rests."""
    pytest.importorskip("torch")
    found = script("bench_sparse_conv")
    monkeypatch.setattr("minimalbp.measure.timing.REST", 0)
    monkeypatch.setattr(found, "LAYERS", {"16 channels, 4 x 4": (16, 4), "8 channels, 5 x 5": (8, 5)})
    monkeypatch.setattr(found, "BATCH", 3)
    return found


def test_it_verifies_measures_and_writes(bench, tmp_path, capsys):
    path = tmp_path / "sparse_conv.json"
    assert bench.main([*QUICK, "--layers", "1", "--fans", "4", "8", "--to", str(path)]) == 0
    report = json.loads(path.read_text())
    arms = report["layers"]["16 channels, 4 x 4"]["1"]
    sparse = {f"{kind} {fan}" for kind in ("block", "random") for fan in (4, 8)}
    assert set(arms) == {"dense", "PyTorch", "PyTorch, channels last", *sparse} and report["batch"] == 3
    for arm in arms.values():
        for part in ("forward", "backward"):
            low, high = arm[part]["quartiles"]
            assert arm[part]["calls"] == 2 and 0 < low <= arm[part]["median"] <= high
    assert "| 16 channels, 4 x 4 | 1 | block 4 |" in capsys.readouterr().out


def test_a_wrong_gradient_is_found_before_it_is_timed(bench, monkeypatch):
    monkeypatch.setattr("minimalbp.kernels.cpu.sparse_conv.dw", lambda dw, *_: dw.fill(1))
    with pytest.raises(AssertionError, match="dW: off by"):
        bench.main([*QUICK, "--layers", "2", "--fans", "4"])


def test_graphs_have_the_fan_in_that_was_asked_for(bench):
    for fan in (4, 8, 16):
        for kind, groups in (("block", "block"), ("random", "indexed")):
            graph = bench.graph(kind, 64, fan)
            assert set(graph.fan_in) == set(graph.fan_out) == {fan}
            assert script("bench_sparse_conv").mbp.SparseConv2d(graph, kernel_size=3).edges.kind == groups


def test_its_table_names_the_layers_that_are_slower():
    table = script("bench.sparse_conv_markdown").sparse_conv_table

    def arm(forward, backward):
        return {part: {"median": s} for part, s in (("forward", forward), ("backward", backward))}

    arms = {"dense": arm(4e-3, 8e-3), "PyTorch": arm(5e-3, 6e-3), "block 4": arm(1e-3, 4e-3)}
    text = table({"layers": {"a": {"1": arms}}})
    assert "| a | 1 | block 4 | 1.00 | 4.00 | 4.00 + 6.00 | 4.0x | 1.5x | 2.0x |" in text
    assert "no layer is slower" in text
    text = table({"layers": {"a": {"1": arms | {"random 4": arm(8e-3, 12e-3)}}}})
    assert "* slower than dense code: a, random 4, 1 threads (0.50x)." in text


def test_a_layer_that_is_not_there_is_refused(bench):
    args = bench.options("", rounds=1, block=2, skip=0).parse_args([])
    args.layers = [9]
    refused(lambda: bench.run(args, []), "layers must be numbers from 1 to 2, not 9")
