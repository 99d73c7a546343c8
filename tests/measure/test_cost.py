"""`minimalbp cost` and the room behind it, on tiny layers, without thresholds on a clock."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
from helpers import refused

from minimalbp.cli import main
from minimalbp.cost import ceilings as ceilings_module
from minimalbp.cost import plan_layers, plan_steps
from minimalbp.cost.ceilings import roof
from minimalbp.cost.fit import crossover, line
from minimalbp.cost.layer import Ours, measure_layer
from minimalbp.cost.peers import dense_backward, peer_threads
from minimalbp.cost.problem import check_shape, load_problem, random_problem
from minimalbp.select import Dense, RandomK, TopK, UnifiedTopK

QUICK = ["--seconds", "0.001", "--threads", "1"]


@pytest.fixture(autouse=True)
def small_ceilings(monkeypatch):
    """The real ones take seconds."""
    monkeypatch.setattr(ceilings_module, "SIZE", 16)
    monkeypatch.setattr(ceilings_module, "STREAM", 1 << 12)
    monkeypatch.setattr(ceilings_module, "NEAR", 1 << 10)


def cost(capsys, tmp_path, *words):
    assert main(["cost", *QUICK, "--out", str(tmp_path), *words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads((tmp_path / "cost.json").read_text())
    assert (tmp_path / "cost.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix != ".npz") == ["cost.json", "cost.png"]
    return found


def test_the_json_of_a_layer(capsys, tmp_path):
    found = cost(capsys, tmp_path, "--shape", "3,70,20", "2,5,8", "--k", "1,5%,50%,100%", "--select",
                 "topk,unified,random")  # fmt: skip
    assert {"machine", "threads", "ceilings", "results"} <= set(found)
    assert found["ceilings"]["gflops"] > 0 and found["ceilings"]["gbps"] > 0
    assert [(r["shape"], r["select"]) for r in found["results"]] == [
        (shape, select) for shape in ([3, 70, 20], [2, 5, 8]) for select in ("topk", "unified", "random")
    ]
    for result in found["results"]:
        batch, n_in, n_out = result["shape"]
        dense = result["dense"]
        assert dense["seconds"] == min(dense["all"].values()) == dense["all"][dense["by"]]
        assert {"minimalbp", "NumPy"} <= set(dense["all"])
        assert [p["k"] for p in result["points"]] == [1, n_out // 2, n_out]
        for p in result["points"]:
            assert set(p["seconds"]) == {"select", "dw", "dx", "update", "backward"}
            assert math.isclose(p["speedup"], dense["seconds"] / p["seconds"]["backward"])
            assert math.isclose(p["share_of_ideal"], p["speedup"] * p["k"] / n_out)
            assert p["roof"]["by"] in ("arithmetic", "cache") and p["roof"]["share"] > 0
            assert p["rows"] == n_out if p["k"] == n_out else p["k"] <= p["rows"] <= n_out
            assert p["quartiles"][0] <= p["seconds"]["backward"] <= p["quartiles"][1] and p["bytes"] > 0
        assert result["points"][-1]["ops"] == 2 * batch * n_in * n_out  # k = n is the dense path, exactly
        assert set(result["fit"]) == {"slope", "intercept", "r2"}
        assert result["crossover_k"] is None or 1 <= result["crossover_k"] <= n_out


def test_the_json_of_a_step(capsys, tmp_path):
    found = cost(capsys, tmp_path, "--phase", "step", "--network", "9,7,5,3", "--batch", "2,4", "--k", "2",
                 "--select", "unified")  # fmt: skip
    assert [(r["sizes"], r["batch"]) for r in found["results"]] == [([9, 7, 5, 3], 2), ([9, 7, 5, 3], 4)]
    for result in found["results"]:
        phases, dense = result["dense"]["phases"], result["dense"]["all"]["minimalbp"]
        assert math.isclose(result["amdahl"]["speedup"], dense / result["amdahl"]["seconds"])
        assert result["amdahl"]["seconds"] < phases["total"]
        (point,) = result["points"]
        assert set(point["seconds"]) == set(phases)
        assert math.isclose(point["speedup"]["minimalbp"], dense / point["seconds"]["total"])


@pytest.mark.parametrize("phase", ["backward", "step"])
def test_the_table(capsys, tmp_path, phase):
    own = ["--shape", "3,9,8"] if phase == "backward" else ["--network", "9,8,3", "--batch", "3"]
    words = [*own, "--phase", phase, "--k", "2,4", "--out"]
    assert main(["cost", *QUICK, *words, str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "GFLOP/s (large product)" in out and "topk" in out and "unified" in out
    assert ("R2 =" if phase == "backward" else "Amdahl") in out


def test_a_layer_of_ones_own(capsys, tmp_path):
    rng = np.random.default_rng(0)
    arrays = {"x": rng.normal(size=(4, 6)), "w": rng.normal(size=(5, 6)), "dy": rng.normal(size=(4, 5))}
    np.savez(tmp_path / "mine.npz", **arrays)
    found = cost(capsys, tmp_path, "--problem", str(tmp_path / "mine.npz"), "--k", "2")
    assert {r["problem"] for r in found["results"]} == {"mine.npz"}
    assert (
        main(["cost", *QUICK, "--problem", str(tmp_path / "mine.npz"), "--k", "2", "--out", str(tmp_path)])
        == 0
    )
    assert "mine.npz: batch 4, 6 -> 5" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--shape", "3,4"], "BATCH,N_IN,N_OUT"), (["--shape", "3,4,x"], "whole numbers"),
        (["--shape", "0,4,4"], "at least 1"), (["--shape", "1000000,1000000,1000000"], "GB of memory"),
        (["--shape", "3,4,5", "--k", "6"], "k in 1..5"), (["--k", "0"], "k must be at least 1"),
        (["--k", "nan%"], "percentage"), (["--k", ""], "k must be"), (["--select", "topkk"], "did you mean 'topk'"),
        (["--phase", "stop"], "did you mean 'step'"), (["--phase", "step", "--network", "3,4"], "hidden layer"),
        (["--seconds", "0"], "seconds"), (["--threads", "0"], "threads"),
        (["--phase", "step", "--rows", "al"], "did you mean 'all'"),
        (["--problem", "none.npz"], "no such file"), (["--out", "/proc/none"], "cannot write"),
        (["--phase", "step", "--shape", "4,10,10"], "--shape is for --phase backward only"),
        (["--batch", "3"], "--batch is for --phase step only"),
    ],
)  # fmt: skip
def test_nonsense_gets_one_line_and_nothing_is_written(capsys, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    assert main(["cost", *words]) == 2
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert out == "" and said in line and list(tmp_path.iterdir()) == []


def test_bad_problems(tmp_path):
    path = tmp_path / "p.npz"
    np.savez(path, x=np.ones((2, 3)), w=np.ones((4, 5)), dy=np.ones((2, 4)))
    refused(lambda: load_problem(path), "must hold x (batch, n_in)", "(4, 5)")
    np.savez(path, x=np.ones((0, 3)), w=np.ones((4, 3)), dy=np.ones((0, 4)))
    refused(lambda: load_problem(path), "empty layer")
    for x in (np.full((2, 3), np.nan), np.full((2, 3), 1e300), np.full((2, 3), "1")):
        np.savez(path, x=x, w=np.ones((4, 3)), dy=np.ones((2, 4)))
        refused(lambda: load_problem(path), "x must hold finite numbers")
    path.write_text("x")
    refused(lambda: load_problem(path), "not an .npz")
    refused(lambda: check_shape((1, 10**6, 10**6)), "a smaller one")
    refused(lambda: measure_layer(random_problem(1, 2, 3), "topk", [4], threads=1, limits={}), "1..3")


@pytest.mark.parametrize("select", [Dense(), TopK(3), UnifiedTopK(3), RandomK(3)], ids=lambda s: s.name)
@pytest.mark.parametrize("batch", [1, 4, 40])
def test_our_layer_is_right_and_a_wrong_one_is_found(select, batch, backend, monkeypatch):
    ours = Ours(random_problem(batch, 70, 11), backend)
    ours.verify(select)
    assert ours.whole(2) == 4 * (2 * 2 * 70 + 2 * batch * 70 + batch * 11)
    right = ours.layer.backward

    def wrong(dy):
        dx = right(dy)
        dx[0, 0] += 1
        return dx

    monkeypatch.setattr(ours.layer, "backward", wrong)
    with pytest.raises(RuntimeError, match="dx is wrong"):
        ours.verify(select)


def test_the_peers_compute_the_dense_backward():
    problem = random_problem(3, 5, 4)
    dw, dx = np.empty_like(problem.w), np.empty_like(problem.x)
    with peer_threads(1):
        for of_dw, of_dx in dense_backward(dw, dx, problem.dy, problem.x, problem.w).values():
            dw[:], dx[:] = np.nan, np.nan
            of_dw(), of_dx()
            np.testing.assert_allclose(dw, problem.dy.T @ problem.x, rtol=1e-5, atol=1e-5)
            np.testing.assert_allclose(dx, problem.dy @ problem.w, rtol=1e-5, atol=1e-5)


def test_line_and_crossover():
    fit = line([1, 2, 4], [3.0, 5.0, 9.0])
    assert fit == pytest.approx({"slope": 2, "intercept": 1, "r2": 1})
    assert line([1], [3.0]) == {"slope": None, "intercept": None, "r2": None}
    assert crossover([1, 3, 5], [1.0, 3.0, 5.0], 4.0) == 4
    assert crossover([1, 3], [1.0, 3.0], 9.0) is None
    assert crossover([1, 3], [5.0, 6.0], 4.0) == 1


def test_the_roof():
    limits = {"gflops": 1.0, "gbps": 1.0, "cache_gbps": 10.0}
    assert roof(limits, 560, ops=10**9, moved=10**9) == {"seconds": 2, "by": "arithmetic"}
    assert roof(limits, 560, ops=1, moved=10**9) == {"seconds": 0.1, "by": "cache"}
    wide = roof(limits, 800_000_000, ops=1, moved=1)  # W and dW
    assert wide == {"seconds": 0.8, "by": "memory"}


def test_importing_the_room_brings_nothing_heavy():
    heavy = "{'numba', 'scipy', 'torch', 'matplotlib', 'tqdm'}"
    code = f"import sys, minimalbp.cost; print(*{heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_what_a_plan_refuses():
    refused(lambda: plan_layers([(3, 4)], ks=[1]), "shape must be BATCH,N_IN,N_OUT")
    refused(lambda: plan_layers([(3, 4, 0)], ks=[1]), "each number in shape must be at least 1")
    refused(lambda: plan_layers([(3, 4, 5)], ks=[]), "at least one k")
    refused(lambda: plan_layers([(3, 4, 5)], ks=[0.0]), "k as a share")
    refused(lambda: plan_steps([3, 4, 5], [], ks=[1]), "at least one size of a mini-batch")
    refused(lambda: plan_steps([3, 4, 5], [1, 0], ks=[1]), "at least 1")


def test_ceilings_alone(capsys):
    assert main(["env", "--ceilings"]) == 0
    assert "GFLOP/s" in capsys.readouterr().out
    assert main(["env", "--ceilings", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"threads", "gflops", "gbps", "cache_gbps"}
