"""scripts/graphchallenge.py: a small size runs, is kept, and is a row of the table."""

import json

import pytest
from helpers import SCRIPTS, script

pytestmark = pytest.mark.skipif(not SCRIPTS.is_dir(), reason="the tests run outside the source tree")


def row(neurons, layers, **more):
    return {
        "neurons": neurons, "layers": layers, "threads": 1, "images": 10, "edges": 100, "categories": 4,
        "ok": True, "checked": "SHA-256 of the list", "live": [9, 8, 7], "seconds": 0.5, "edges_per_second": 2000.0,
        "edges_processed": 900, "edges_processed_per_second": 1800.0, "scipy_seconds": 1.0, "torch_seconds": None,
        "images_seconds": 30.0, "layers_seconds": 0.5, "memory": None, "commit": "abc",
    } | more  # fmt: skip


def test_smoke(tmp_path, capsys):
    path = tmp_path / "new" / "graphchallenge.json"
    assert script("graphchallenge").main(["--smoke", "--threads", "1", "--to", str(path)]) == 0
    report = json.loads(path.read_text())
    (run,) = report["runs"]
    assert (run["neurons"], run["layers"], run["images"], run["ok"]) == (1024, 4, 40, None)
    assert report["commits"] == [run["commit"]] and report["command"].startswith(
        "python scripts/graphchallenge.py"
    )
    assert "| 1024 x 4 |" in capsys.readouterr().out


def test_finished_sizes_are_kept_unless_fresh(tmp_path, monkeypatch, capsys):
    main, done = script("graphchallenge"), []
    path = tmp_path / "graphchallenge.json"

    def measured(neurons, layers, args):
        done.append((neurons, layers))
        if layers == 480:
            raise KeyboardInterrupt
        return row(neurons, layers)

    monkeypatch.setattr(main, "measured", measured)
    words = ["--threads", "1", "--to", str(path), "--sizes"]
    assert main.main([*words, "4096x120", "1024x120", "1024x480"]) == 130
    assert "finished sizes are kept" in capsys.readouterr().err
    assert [(r["neurons"], r["layers"]) for r in json.loads(path.read_text())["runs"]] == [
        (1024, 120),
        (4096, 120),
    ]
    assert main.main([*words, "1024x120", "4096x1920"]) == 0
    assert done[3:] == [(4096, 1920)]
    assert main.main([*words, "1024x120", "--fresh"]) == 0
    assert done[4:] == [(1024, 120)] and len(json.loads(path.read_text())["runs"]) == 3


@pytest.mark.parametrize("words, message", [
    ("--sizes 1024", "a size must be neurons x layers such as 1024x120, not '1024'"),
    ("--threads 0", "threads must be at least 1, not 0"),
    ("--sizes 1000x3", "1000 x 3 ended with exit status 2"),
])  # fmt: skip
def test_refusals(words, message, tmp_path, capsys):
    assert script("graphchallenge").main([*words.split(), "--to", str(tmp_path / "new.json")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "new.json").exists()


def test_the_table_says_what_is_wrong_and_what_was_not_run():
    table = script("bench.challenge_markdown").challenge_table
    text = table(
        {"runs": [row(1024, 120), row(4096, 120, ok=False, checked="number of categories", memory=1.5e9)]}
    )
    first, second = text.splitlines()[2:]
    assert (
        "| yes (SHA-256 of the list) | 9, 8 |" in first
        and "| 90.0% | 1.00 (2.0x) | not run | 30, 0.5 |  |" in first
    )
    assert "| NO (number of categories) |" in second and second.endswith("| 1.5 |")
