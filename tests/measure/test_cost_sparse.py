"""`minimalbp cost --layer sparse`: which layers it measures, what its report holds, and what it refuses."""

import json

import numpy as np
import pytest
from helpers import refused

from minimalbp.cli import main
from minimalbp.cost import plan_sparse
from minimalbp.cost.sparse import graphs, sparse_ticks
from minimalbp.layers.edges import Edges
from minimalbp.measure.machine import version


@pytest.mark.parametrize(
    "n, fan_in, kinds", [(64, 16, ["block", "indexed"]), (60, 6, ["block", "indexed"]), (7, 3, ["indexed"])]
)
def test_both_layers_have_this_fan_in(n, fan_in, kinds):
    found = graphs(n, fan_in)
    assert list(found) == kinds
    for kind, graph in found.items():
        assert (graph.n_in, graph.n_out) == (n, n) and set(graph.fan_in) == {fan_in}
        assert Edges(graph).kind == kind


def test_a_report_has_each_arm_and_the_table_reads_it(tmp_path, capsys):
    main(["cost", "--layer", "sparse", "--shape", "5,32,8", "--seconds", "0.002", "--threads", "1",
          "--out", str(tmp_path)])  # fmt: skip
    text = capsys.readouterr().out
    report = json.loads((tmp_path / "cost.json").read_text())
    (result,) = report["results"]
    arms = result["arms"]
    csr = [
        "scipy CSR",
        *(["PyTorch sparse_csr", "PyTorch sparse_csr, batch last"] if version("torch") else []),
    ]
    dense = ["NumPy", "PyTorch"] if version("torch") else ["NumPy"]
    names = ["block", "dense", "indexed", *dense, *csr, *(f"{name} (blocks)" for name in csr)]
    assert sorted(arms) == sorted(names)
    assert (report["phase"], result["shape"], result["density"]) == ("passes", [5, 32, 8], 0.25)
    assert all(name in text for name in arms) and not (tmp_path / "cost.png").exists()
    both = arms["block"]["forward"] + arms["block"]["backward"]
    np.testing.assert_allclose(arms["block"]["speedup"]["both"], sum(result["best"]) / both)
    assert arms["scipy CSR"]["backward"] is arms["scipy CSR"]["quartiles"]["both"] is None
    for arm in arms.values():
        low, high = arm["quartiles"]["forward"]
        assert 0 < low <= arm["forward"] <= high and arm["calls"] >= 2


def test_ticks_are_those_of_a_measurement():
    count = 0

    def tick():
        nonlocal count
        count += 1

    (job,) = plan_sparse([(3, 16, 4)], seconds=0.002).jobs
    job.measure(threads=1, seconds=0.002, tick=tick)
    assert count == job.ticks == sparse_ticks(0.002)


def test_what_cannot_be_is_refused(capsys):
    refused(lambda: plan_sparse([(64, 1024)]), "BATCH,N,FAN_IN", "64,1024")
    refused(lambda: plan_sparse([(64, 16, 17)]), "fan-in of 17", "at most 16")
    refused(lambda: plan_sparse([(64, 10**7, 8)]), "memory")
    for more in (["--phase", "step"], ["--k", "5"], ["--select", "topk"], ["--problem", "x.npz"]):
        assert main(["cost", "--layer", "sparse", *more]) != 0
        assert f"leave out {more[0]}" in capsys.readouterr().err
