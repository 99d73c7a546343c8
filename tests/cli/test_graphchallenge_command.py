"""`minimalbp topology graphchallenge`: what it prints, its exit status, and when it refuses."""

import json

import numpy as np
import pytest
from challenges import N, dense_run, layers, put_files, put_pictures
from commands import refused

from minimalbp.cli import main
from minimalbp.topology import category_text, challenge_images

WORDS = ["topology", "graphchallenge", "--threads", "1"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder, x = put_pictures(tmp_path_factory.mktemp("data") / "pictures")
    return str(folder), challenge_images(x, 32)


def test_the_table(pictures, capsys):
    assert main([*WORDS, "--layers", "7", "--data", pictures[0]]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    left, live = dense_run(pictures[1], layers(7))
    assert err == ""
    assert lines[0] == "GraphChallenge · 1024 neurons · 7 layers · 40 images · 1 thread"
    sha256 = category_text(left)[1][:16]
    assert (
        lines[1]
        == f"categories: {len(left)} · SHA-256 {sha256} · not checked, since nothing is known of them"
    )
    shown = ", ".join(str(live[layer - 1]) for layer in (1, 2, 3, 5, 7))
    assert lines[2] == f"images that live after layer 1, 2, 3, 5, 7: {shown}"
    assert lines[3].startswith("made in seconds: images 0.") and "GB" in lines[3]
    rows = {line.split()[0]: line for line in lines[5:]}
    assert {"minimalbp", "scipy"} <= set(rows) and rows["scipy"].endswith("x")


def test_as_json(pictures, capsys):
    assert main([*WORDS, "--layers", "3", "--data", pictures[0], "--no-compare", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["neurons"], found["layers"], found["ok"]) == (N, 3, None)
    assert found["scipy_edges_per_second"] is None and found["edges_per_second"] > 0


@pytest.mark.parametrize("right", [True, False])
def test_files_and_the_exit_status_of_a_wrong_list(pictures, right, capsys, tmp_path):
    network = list(layers(2))
    left, _ = dense_run(pictures[1], network)
    folder = put_files(tmp_path / "official", pictures[1], network, left if right else left[1:])
    status = main([*WORDS, "--layers", "2", "--files", str(folder), "--no-compare"])
    out = capsys.readouterr().out
    assert status == (0 if right else 1)
    assert ("· ok (the list in the file)" if right else "· NOT OK (the list in the file)") in out
    assert "read in seconds: images" in out and "scipy" not in out


@pytest.mark.parametrize(
    "words, message",
    [
        ("--neurons 1000", "the challenge has 1024, 4096, 16384, 65536 neurons in a layer, not 1000"),
        ("--neurons many", "neurons in a layer, not many"),
        ("--layers many", "layers must be a whole number of at least 1, not 'many'"),
        ("--layers 1921", "layers must be at most 1920, not 1921"),
        ("--data digits", "data must be mnist, or a folder with train-images-idx3-ubyte"),
        ("--files nowhere", "files must name a folder of the challenge's files, unpacked"),
        ("--out net", "--out is not for graphchallenge, which has --neurons, --layers"),
        ("--plot net.png", "--plot is not for graphchallenge"),
        ("--paths", "--paths is not for graphchallenge"),
        ("--sizes 3,3", "--sizes is not for graphchallenge, which has --neurons"),
    ],
)
def test_refusals(words, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert message in refused(capsys, *WORDS, *words.split())
    assert not list(tmp_path.iterdir())


def test_its_options_are_not_for_other_kinds(capsys):
    words = ["topology", "radix", "--systems", "2,2"]
    assert "--neurons is not for radix, which has --systems" in refused(capsys, *words, "--neurons", "1024")
    assert "--compare is not for radix" in refused(capsys, *words, "--no-compare")


def test_pieces_and_speed_ups_in_the_table():
    from minimalbp.report.graphchallenge_table import graphchallenge_table

    report = {
        "neurons": 65536, "layers": 480, "images": 60000, "threads": 2, "edges": 10**9, "categories": 1994,
        "categories_sha256": "ab" * 32, "ok": True, "checked": "number of categories", "live": [60000] * 480,
        "made": "mnist", "images_seconds": 600.0, "layers_seconds": 20.0, "pieces": 2, "memory": 7.25e9,
        "edges_processed": 2 * 10**12, "seconds": 10.0, "scipy_seconds": 40.0, "torch_seconds": None,
    }  # fmt: skip
    text = graphchallenge_table(report)
    assert "ok (number of categories)" in text and "in 2 pieces · memory at most 7.2 GB" in text
    ours, theirs = text.splitlines()[-2:]
    assert ours.split() == ["minimalbp", "10.000", "6e+12", "2e+11"]
    assert theirs.split() == ["scipy", "CSR", "40.000", "1.5e+12", "5e+10", "4.0x"]
    assert np.isfinite(float(theirs.split()[-2]))
