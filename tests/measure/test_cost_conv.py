"""`minimalbp cost --layer conv`, on tiny convolutions, without thresholds on a clock."""

import json
import math

import numpy as np
import pytest
from helpers import refused

from minimalbp.cli import main
from minimalbp.cost import ceilings as ceilings_module
from minimalbp.cost import plan_convs
from minimalbp.cost.conv import OurConv, units_of
from minimalbp.cost.layer import measure_layer
from minimalbp.cost.problem import check_pictures, random_pictures
from minimalbp.select import Dense

SHAPE = (2, 3, 5, 4, 6, 3)
QUICK = ["cost", "--layer", "conv", "--seconds", "0.001", "--threads", "1"]


@pytest.fixture(autouse=True)
def small_ceilings(monkeypatch):
    """The real ones take seconds."""
    monkeypatch.setattr(ceilings_module, "SIZE", 16)
    monkeypatch.setattr(ceilings_module, "STREAM", 1 << 12)
    monkeypatch.setattr(ceilings_module, "NEAR", 1 << 10)


def test_json_table_and_figure(capsys, tmp_path):
    words = [*QUICK, "--shape", "2,3,5,4,6,3", "--k", "5%,50%,100%", "--out", str(tmp_path)]
    assert main([*words, "--select", "topk,batch,positions,channels", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads((tmp_path / "cost.json").read_text())
    assert (tmp_path / "cost.png").read_bytes().startswith(b"\x89PNG")
    units = {"topk": 120, "batch": 120, "positions": 20, "channels": 6}
    assert {r["select"]: r["units"] for r in found["results"]} == units
    for result in found["results"]:
        assert (result["shape"], result["layer"]) == (list(SHAPE), "conv")
        dense, n = result["dense"], result["units"]
        assert dense["seconds"] == min(dense["all"].values()) and "minimalbp" in dense["all"]
        assert [p["k"] for p in result["points"]] == [max(1, round(0.05 * n)), n // 2, n]
        for p in result["points"]:
            assert math.isclose(p["speedup"], dense["seconds"] / p["seconds"]["backward"])
            assert 1 <= p["rows"] <= 6 and p["bytes"] > 0 and p["roof"]["share"] > 0
        few, _, every = result["points"]
        assert few["ops"] < every["ops"]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "batch 2, 3 -> 6 maps of 5 x 4, window 3 x 3, threshold-batch" in out and "R2 =" in out


@pytest.mark.parametrize("name", sorted(OurConv.selectors))
def test_our_layer_is_right_and_a_wrong_one_is_found(name, backend, monkeypatch):
    ours, select = OurConv(random_pictures(*SHAPE), backend), OurConv.selectors[name](3)
    for one in (Dense(), select):
        ours.verify(one)
    right = ours.layer.backward

    def wrong(dy):
        dx = right(dy)
        dx[0, 0] += 1
        return dx

    monkeypatch.setattr(ours.layer, "backward", wrong)
    with pytest.raises(RuntimeError, match="dx is wrong"):
        ours.verify(select)


def test_the_peers_compute_the_dense_backward():
    pytest.importorskip("torch")
    ours = OurConv(random_pictures(*SHAPE), "reference")
    ours.layer.select = Dense()
    dx, peers = ours.layer.backward(ours.dy), ours.peers()
    assert len(peers) == OurConv.peers_there() == 2
    for of_both, _ in peers.values():
        of_x, of_w, _ = of_both()
        np.testing.assert_allclose(of_x.numpy(), dx, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(of_w.numpy(), ours.layer.weight.grad.values, rtol=1e-4, atol=1e-4)


def test_what_is_refused(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words, said in (
        (["--shape", "2,3,4"], "N,C,H,W,M,K"), (["--shape", "2,3,4,4,5,2"], "K must be odd"),
        (["--shape", "2,3,4,4,5,0"], "at least 1"), (["--shape", "90000,900,900,900,900,3"], "GB of memory"),
        (["--select", "signs"], "unknown select"), (["--shape", "1,1,2,2,2,1", "--k", "9"], "k in 1..8"),
        (["--phase", "step"], "leave out --phase step"), (["--problem", "x.npz"], "leave out --problem"),
        (["--batch", "3"], "--batch is for --phase step only"), (["--layer", "con"], "did you mean 'conv'"),
    ):  # fmt: skip
        assert main([*QUICK, *words]) == 2
        out, err = capsys.readouterr()
        assert not out and err.count("\n") == 1 and said in err, err
    assert not list(tmp_path.iterdir())
    refused(lambda: plan_convs([SHAPE], ks=[]), "at least one k")
    refused(lambda: measure_layer(random_pictures(*SHAPE), "channels", [7], threads=1, limits={}), "1..6")
    assert check_pictures(list(SHAPE)) == SHAPE
    assert [units_of(SHAPE, name) for name in ("sample", "positions", "channels")] == [120, 20, 6]
