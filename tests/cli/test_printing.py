"""What `minimalbp train` prints and draws: the brief table, the full one, the conclusion, --target, --plot."""

import importlib
import json

import pytest
from commands import refused, report
from reports import report_of, run_of

from minimalbp.cli import main


@pytest.fixture
def without_training(monkeypatch):
    """`train` reports made-up runs; what `compare` was asked for is returned."""
    asked = {}
    found = report_of(run_of("dense", test=0.986), run_of("topk 5%", test=0.985))
    compare, build = (
        importlib.import_module(f"minimalbp.experiment.{name}") for name in ("compare", "build")
    )
    monkeypatch.setattr(build, "load_data", lambda settings: None)
    monkeypatch.setattr(compare, "compare", lambda *args, **options: asked.update(options) or found)
    return asked


def printed(capsys, *words):
    assert main(["train", *map(str, words)]) == 0
    return capsys.readouterr().out


def test_without_options_it_is_brief_and_concludes(capsys, without_training):
    out = printed(capsys)
    assert "minus dense" in out and "operations" not in out.split("\n\n")[1]
    assert "one seed decides nothing" in " ".join(out.split())
    assert (
        "\nNext, try: minimalbp train --brief --seeds 5\n" in out
        and out.endswith("step.\n")
        and "--full" in out
    )


def test_with_options_the_full_table_is_the_default(capsys, without_training):
    for words in (["--epochs", 3], ["--full"]):
        out = printed(capsys, *words)
        assert "other backward" in out and "Next, try" not in out
    assert "Next, try: minimalbp train --epochs 3 --brief --seeds 5" in printed(
        capsys, "--epochs", 3, "--brief"
    )


def test_a_file_may_ask_for_them(capsys, without_training, tmp_path):
    (tmp_path / "c.toml").write_text(f'brief = true\ntarget = "90%"\nplot = "{tmp_path / "a.svg"}"\n')
    out = printed(capsys, "--config", tmp_path / "c.toml")
    assert f"Next, try: minimalbp train --config {tmp_path / 'c.toml'} --seeds 5" in out
    assert without_training["target"] == 0.9 and (tmp_path / "a.svg").exists()
    (tmp_path / "c.toml").write_text("full = 1\n")
    assert "full must be true or false" in refused(capsys, "train", "--config", tmp_path / "c.toml")


@pytest.mark.parametrize("text, share", [("97.5", 0.975), ("97.2%", 0.972), ("100", 1.0)])
def test_a_target_is_a_percentage(capsys, without_training, text, share):
    printed(capsys, "--target", text)
    assert without_training["target"] == share


@pytest.mark.parametrize(
    "words, said",
    [
        (
            ["--target", "0.975"],
            "target must be a number in (1, 100], not 0.975; it is a dev score in percent",
        ),
        (["--target", "101"], "such as 97.5"),
        (["--target", "high"], "not 'high'"),
        (["--target", "nan"], "target must be"),
        (["--brief", "--full"], "leave one of them out"),
        (["--plot", "a.gif"], "ends in .png, .svg or .pdf, not 'a.gif'"),
        (["--plot", ""], "plot must name a file"),
        (["--plot", "/proc/none/a.png"], "cannot write"),
    ],
)
def test_nonsense_is_refused_before_training(capsys, small, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    assert said in refused(capsys, *small, *words)
    assert sorted(tmp_path.iterdir()) == before


def test_run_json_holds_the_target_and_the_curves(capsys, small, tmp_path):
    out, plot = tmp_path / "run", tmp_path / "run" / "curves.png"
    found = report(capsys, *small, "--target", "20", "--out", out, "--plot", plot)
    assert found["target"] == found["target_given"] == 0.2 and plot.read_bytes().startswith(b"\x89PNG")
    assert json.loads((out / "run.json").read_text()) == found
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    for run in found["runs"]:
        mine = [line for line in lines if line["run"] == run["name"]]
        assert run["curve"]["seconds"] == [line["seconds"] for line in mine] and run["first_loss"] > 0
        assert run["curve"]["dev"] == [line["dev_accuracy"] for line in mine]
        reached = [line["seconds"] for line in mine if line["dev_accuracy"] >= 0.2]
        assert run["seconds_to_target"] == reached[0]


def test_a_resumed_run_keeps_its_target_unless_another_is_given(capsys, small, tmp_path):
    given, free = tmp_path / "given", tmp_path / "free"
    report(capsys, *small, "--target", "40", "--out", given)
    report(capsys, *small, "--epochs", "1", "--out", free)
    assert report(capsys, "train", "--resume", given, "--epochs", "3")["target"] == 0.4
    assert report(capsys, "train", "--resume", given, "--target", "45")["target_given"] == 0.45
    found = report(capsys, "train", "--resume", free, "--epochs", "3")
    assert found["target_given"] is None and found["target"] <= 0.99 * found["runs"][0]["dev_accuracy"] + 1e-9
    out = printed(capsys, "--resume", given, "--brief")
    assert "seconds to dev accuracy 45 %" in out and "Next, try" not in out
