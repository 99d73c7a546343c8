"""`minimalbp prune`: what it prints, writes, refuses, and how it goes on."""

import json
import shlex

import pytest
from commands import FEW, QUICK, SIZES, outcome, refused, report
from helpers import stop_after

import minimalbp as mbp
from minimalbp.cli import main
from minimalbp.cli.numbers import floats_or_text
from minimalbp.prune import METHODS, PrunePlan


@pytest.fixture
def first(pictures):
    """Trains a network first."""
    return [
        "prune",
        "--model",
        "lenet",
        "--data",
        pictures,
        *SIZES,
        *FEW,
        "--epochs",
        "2",
        "--evals",
        "2",
        *QUICK,
    ]


def test_json_has_the_promised_shape(capsys, first, tmp_path):
    out = tmp_path / "run"
    found = report(capsys, *first, "--out", out)
    assert json.loads((out / "run.json").read_text()) == found
    assert found["accuracy"].keys() == {"before", "pruned", "retrained"}
    assert all(0 <= share <= 1 for share in found["accuracy"].values())
    assert found["speedup"].keys() == {"theoretical", "measured"} and found["speedup"]["measured"] is None
    assert [layer.keys() for layer in found["layers"]] == [
        {"name", "groups", "pruned", "theoretical", "measured"}
    ] * 2
    assert [layer["pruned"] for layer in found["layers"]] == [25, 50]
    assert found["updates"] > 3 and found["remainder"] == [0, 0] and found["config"]["select"] == "dense"
    plan = found["plan"]
    assert (plan["ratio"], plan["interval"], plan["method"], plan["span"]) == (0.5, 1, "spp", 30)
    names = {path.name for path in out.iterdir()}
    assert names >= {
        "prune.png",
        "trajectories.npz",
        "dense.safetensors",
        "trained.safetensors",
        "metrics.jsonl",
    }
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    left = [line["widths"] for line in lines if line["run"] == "pruned"]
    assert left[-1] == [25, 50] and left[0] != left[-1]


def test_the_table_has_a_row_for_each_layer_and_a_conclusion(capsys, first):
    assert main(first) == 0
    out = " ".join(capsys.readouterr().out.split())
    for words in ("trained here", "spp, ratio 0.5", "dense gradients", "test accuracy", "layer groups pruned share",
                  "0 50 25 50.0%", "3 100 50 50.0%", "network 150 75 50.0%", "The last group left after",
                  "1 epoch of retraining", "after retraining it is", "--measure says how fast it is"):  # fmt: skip
        assert words in out


def test_stopped_anywhere_it_ends_where_the_whole_run_does(capsys, first, tmp_path, monkeypatch):
    whole, out = report(capsys, *first, "--out", tmp_path / "whole"), tmp_path / "run"
    stop_after(monkeypatch, (3, 2, 100, 3, 100, 4, 100, 3))
    assert main([*first, "--out", str(out)]) == 130
    assert f"go on with: minimalbp prune --resume {out}" in capsys.readouterr().err
    statuses = []
    while 0 not in statuses and len(statuses) < 10:
        statuses.append(main(["prune", "--resume", str(out), "--json"]))
        printed = capsys.readouterr().out
    found = json.loads(printed)
    assert len(statuses) > 2 and set(statuses) == {0, 130}
    assert outcome(found) == outcome(whole)
    assert found["accuracy"] == whole["accuracy"] and found["layers"] == whole["layers"]
    for name in ("trained.safetensors", "pruned.safetensors", "dense.safetensors"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_the_line_to_go_on_with_can_be_pasted(capsys, first, tmp_path, monkeypatch):
    out = tmp_path / "a run ☃"
    stop_after(monkeypatch, (1,))
    assert main([*first, "--out", str(out)]) == 130
    line = capsys.readouterr().err.rpartition("go on with: minimalbp ")[2]
    assert shlex.split(line) == ["prune", "--resume", str(out)]


def test_what_may_change_when_a_run_goes_on(capsys, first, trained, tmp_path):
    out = tmp_path / "run"
    assert main([*first, "--out", str(out)]) == 0
    capsys.readouterr()
    resume = ["prune", "--resume", out]
    for words, said in (
        (["--ratio", "0.6"], "has ratio = 0.5; only --threads and --measure may change"),
        (["--retrain", "2"], "has retrain = 1"),
        (["--no-rescale"], "has rescale = True"),
        (["--layers", "0"], "has layers = None"),
        (["--lr", "0.5"], "only --threads may change"),
        (["--out", tmp_path / "other"], "leave out --out"),
    ):
        assert said in refused(capsys, *resume, *words)
    assert "leave out" in refused(capsys, "prune", trained[0], "--resume", out)
    assert "not that of a training run of minimalbp prune" in refused(capsys, "prune", "--resume", trained[0])
    assert main([str(word) for word in (*resume, "--ratio", "0.5", "--a", "0.3", "--threads", "1")]) == 0
    capsys.readouterr()
    kept = json.loads((out / "run.json").read_text())
    for plan in ([1], None, kept["plan"] | {"ratio": 2}, {"p": 1}):
        (out / "run.json").write_text(json.dumps(kept | {"plan": plan}))
        assert "holds no plan that this version can resume" in refused(capsys, *resume)


def test_what_is_refused(capsys, first, trained, tmp_path):
    run = trained[0]
    for words, said in (
        ([*first, "--ratio", "1"], "ratio must be a number between 0 and 1"),
        ([*first, "--ratio", "0"], "ratio must be a number between 0 and 1"),
        ([*first, "--ratio", "x"], "ratio must be a number"),
        ([*first, "--speedup", "4"], "give either ratio, such as 0.75, or speedup"),
        (["prune"], "give either ratio"),
        ([*first, "--method", "sp"], "did you mean 'spp'"),
        ([*first, "--groups", "rows"], "unknown groups 'rows'"),
        ([*first, "--layers", "5"], "there is no layer 5"),
        ([*first, "--ratio", "0.5,0.9"], "2 ratios need as many layers by name"),
        ([*first, "--ratio", "0.5,x"], "ratio must be a number such as 0.9"),
        (
            [*first, "--method", "columns-l1"],
            "a is for the methods spp, spp-norecovery, spp-linear; leave it out",
        ),
        ([*first, "--strength", "2"], "strength is for the methods ssl; leave it out with spp"),
        ([*first, "--layers", "a"], 'layers must be paths such as "0,3"'),
        ([*first, "--groups", "filters", "--ratio", "0.9"], "would take all 4 filters"),
        ([*first, "--model", "mlp"], "is for the models lenet and convnet"),
        (["prune", "--ratio", "0.5", "--hidden", "8", *FEW], "no convolutions to prune"),
        ([*first, "--retrain", "-1"], "retrain must be at least 0"),
        ([*first, "--arm", "dense"], "arm = dense is for the folder of a run"),
        ([*first, "--rati", "0.5"], "did you mean --ratio"),
        (["prune", tmp_path / "none", *QUICK], "there is no run"),
        (["prune", tmp_path / "none.safetensors", *QUICK], "there is no file"),
        (["prune", tmp_path, *QUICK], "holds no run, since there is no run.json"),
        (["prune", run, *QUICK, "--arm", "topk"], "did you mean 'topk 20%'"),
        (["prune", run, *QUICK, "--filters", "5,6"], "has filters = 4,6, which its weights need, not '5,6'"),
        (["prune", run, *QUICK, "--model", "mlp"], "has model = lenet"),
        (["prune", run, *QUICK, "--epochs", "3"], "epochs is of the training before"),
        (["prune", run, *QUICK, "--dropout", "0.5"], "has dropout = 0.0, which its weights need, not 0.5"),
        (["prune", run / "run.json", *QUICK], "run.json is not a whole safetensors file"),
    ):
        assert said in refused(capsys, *words, "--out", tmp_path / "out")
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "found"), [("0.5", 0.5), ("0.5, .9", [0.5, 0.9]), ("0.5,x", "0.5,x"), ("", ""), (",", ",")]
)
def test_a_ratio_may_be_one_for_each_layer(text, found):
    assert floats_or_text(text) == found


def test_each_layer_has_its_ratio_also_when_the_run_goes_on(capsys, trained, tmp_path):
    out = tmp_path / "out"
    words = [
        "--method",
        "columns-l1",
        "--layers",
        "3,0",
        "--ratio",
        "0.75,0.5",
        "--interval",
        "1",
        "--span",
        "2",
    ]
    assert main([str(word) for word in ("prune", trained[0], *words, "--retrain", "0", "--out", out)]) == 0
    assert "columns-l1, ratio 0.75, 0.5" in capsys.readouterr().out
    found = report(capsys, "prune", "--resume", out, "--ratio", "0.75,0.5")
    assert [(one["name"], one["pruned"], one["groups"]) for one in found["layers"]] == [
        ("0", 25, 50),
        ("3", 75, 100),
    ]
    assert "has ratio = [0.75, 0.5]" in refused(capsys, "prune", "--resume", out, "--ratio", "0.5,0.75")


def test_a_configuration_file_knows_the_plan(capsys, pictures, trained, tmp_path):
    path = tmp_path / "c.toml"
    path.write_text(
        f"source = {str(trained[0])!r}\narm = 'dense'\nratio = 0.5\nmethod = 'columns-l1'\nlayers = [0, 3]\n"
        "interval = 1\nspan = 2\nretrain = 1\nno-rescale = true\nno-decay-masked = true\ndecay = 0.01\n"
    )
    found = report(capsys, "prune", "--config", path, "--ratio", "0.4")
    plan = PrunePlan.from_json(found["plan"])
    assert plan == PrunePlan(ratio=0.4, method="columns-l1", layers=("0", "3"), interval=1, span=2, rescale=False,
                             decay=0.01, decay_masked=False)  # fmt: skip
    path.write_text("linear = 1\n")
    assert "linear must be true or false" in refused(capsys, "prune", "--config", path)
    path.write_text("source = 3\nratio = 0.5\n")
    assert "source must be the folder of a run" in refused(capsys, "prune", "--config", path)
    path.write_text("ration = 0.5\n")
    assert "did you mean 'ratio'" in refused(capsys, "prune", "--config", path)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_by_its_name(capsys, method, trained):
    quick = {"a": ["--a", "0.3"], "span": ["--span", "3"]}
    words = ["--interval", "1", "--updates", "30", "--retrain", "0"]
    words += [word for name, own in quick.items() if name in METHODS[method].options for word in own]
    found = report(capsys, "prune", trained[0], "--ratio", "0.5", "--method", method, *words)
    kind = "filters" if method in ("filters-l1", "taylor") else "columns"
    assert [layer["pruned"] for layer in found["layers"]] == ([2, 3] if kind == "filters" else [25, 50])


def test_the_help_names_every_method(capsys):
    assert main(["prune", "--help"]) == 0
    out = "".join(capsys.readouterr().out.split())  # lines also break after hyphens
    assert all(method in out for method in METHODS)
    assert mbp.prune.PrunePlan is PrunePlan
