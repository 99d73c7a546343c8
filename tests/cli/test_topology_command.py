"""`minimalbp topology`: what it prints, writes and draws, and when it refuses."""

import json

import pytest
from commands import refused, report

from minimalbp.cli import main
from minimalbp.topology import radix_net, read_topology


def printed(capsys, *words):
    assert main(["topology", *map(str, words)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_a_radix_net(capsys):
    out = printed(capsys, "radix", "--systems", "2,2,2", "--d", "1,2,2,1")
    lines = out.splitlines()
    assert lines[0] == "radix · systems (2,2,2) · d 1,2,2,1 · sign -1"
    assert lines[1] == "8-16-16-8 · 128 edges · density 25.0000% (formula 25.0000%)"
    assert lines[2] == "paths from each input to each output: 4 (formula 4) · symmetric · path-connected"
    assert lines[5].split() == ["1", "8", "->", "16", "32", "25.00%", "2", "4", "0.9239"]
    assert lines[-1].startswith("warning: an output reads only 4 of 16 nodes")


def test_as_json(capsys):
    found = report(
        capsys, "topology", "radix", "--systems", "3,4", "2,3,2", "--d", "1,2,4,4,2,1", "--sign", "1"
    )
    assert found["paths"]["most"] == found["formula_paths"] == 768 and found["paths"]["symmetric"]
    assert found["density"] == pytest.approx(found["formula_density"]) == pytest.approx(0.226852, abs=1e-6)
    assert found["systems"] == [[3, 4], [2, 3, 2]] and found["d"] == [1, 2, 4, 4, 2, 1] and found["sign"] == 1


def test_sizes_and_degrees(capsys):
    found = report(
        capsys, "topology", "radix", "--sizes", "1000,2000,3000,2000,1000", "--degrees", "20,30,20,10"
    )
    assert found["systems"] == [[10, 10, 10], [10]] and found["paths"]["most"] == 120


def test_sizes_and_a_density(capsys):
    out = printed(capsys, "radix", "--sizes", "784,300,100", "--density", "10%")
    assert out.startswith("radix · systems (10,10) · d 8,3,1 · sign -1\n784-300-100 · 26,520 edges")


def test_a_cut_and_its_dangers(capsys):
    out = printed(capsys, "radix", "--systems", "10,10", "2", "--d", "8,3,1,1", "--cut", "784,300,100,10")
    assert "784-300-100-10" in out and "formula" not in out
    warnings = [line for line in out.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == 2 and "89 of 100 nodes of layer 2 reach no output" in warnings[1]


def test_equal_layers_share_a_row_and_large_counts_are_short(capsys):
    out = printed(capsys, "cayley", "--sizes", ",".join(["9"] * 151), "--generators", "0,1,2,3,4,5,6,7,8")
    rows = [line for line in out.splitlines() if "->" in line]
    assert len(rows) == 1 and rows[0].split()[0] == "1-150"
    digits = str(9**149)
    assert f"{digits[0]}.{digits[1:5]}e{len(digits) - 1} ({(9**149).bit_length()} bits)" in out
    assert "150 layers, 9 to 9" in out


@pytest.mark.parametrize(
    "words",
    [
        ("random", "--degree", 3),
        ("random", "--fan-in", "3,2"),
        ("random", "--fan-out", 2),
        ("random", "--density", 0.3),
        ("regular", "--fan-in", 3),
        ("regular", "--density", "0.5,1"),
        ("bernoulli", "--density", 0.5),
    ],
)
def test_random_layers_come_from_the_seed(words, capsys):
    first, again, other = (
        report(capsys, "topology", *words, "--sizes", "12,14,9", "--seed", seed) for seed in (1, 1, 2)
    )
    assert first == again and first["seed"] == 1 and other["seed"] == 2
    assert first["sizes"] == [12, 14, 9]


def test_seeds_make_other_edges(capsys, tmp_path):
    for seed in (1, 2):
        printed(
            capsys,
            "regular",
            "--sizes",
            "9,9",
            "--fan-in",
            3,
            "--seed",
            seed,
            "--out",
            tmp_path / f"{seed}.edges",
        )
    assert not read_topology(tmp_path / "1.edges")[0].same(read_topology(tmp_path / "2.edges")[0])


def test_cayley(capsys):
    one = report(capsys, "topology", "cayley", "--sizes", "12,12,12", "--generators=-1,0,1")
    assert one["generators"] == [[-1, 0, 1]] * 2 and one["edges"] == 72
    two = report(capsys, "topology", "cayley", "--sizes", "12,12,12", "--generators", "0,1,2", "0,3,6,9")
    assert two["paths"]["symmetric"] and two["paths"]["most"] == 1  # a system of (3, 4)


def test_incomplete_systems_before_the_last(capsys):
    assert "only the last may be incomplete" in refused(capsys, "topology", "radix", "--systems", "2", "3,4")
    found = report(capsys, "topology", "radix", "--systems", "2", "3,4", "--anywhere")
    assert found["paths"]["most"] == found["formula_paths"] == 2


@pytest.mark.parametrize(
    "name, more", [("net.edges", ()), ("net.csv", ()), ("net", ()), ("net", ("--kind", "edges"))]
)
def test_out_and_back(name, more, capsys, tmp_path):
    path, net = tmp_path / name, radix_net([[2, 2, 2]], [1, 2, 2, 1])
    made = printed(capsys, "radix", "--systems", "2,2,2", "--d", "1,2,2,1", "--out", path, *more)
    assert all(a.same(b) for a, b in zip(read_topology(path), net))
    read = printed(capsys, path)
    assert read.splitlines()[0] == name
    assert read.split("\n\n")[1] == made.split("\n\n")[1]  # the table of layers
    cut = report(capsys, "topology", path, "--cut", "7,16,15,8")
    assert cut["sizes"] == [7, 16, 15, 8] and cut["name"] == name


def test_triples_of_the_challenge(capsys, tmp_path):
    folder = tmp_path / "net"
    printed(capsys, "radix", "--systems", "2,2", "--out", folder, "--kind", "tsv", "--value", 0.0625)
    first = (folder / "layer1.tsv").read_text(encoding="utf-8").splitlines()[0]
    assert first == "1\t1\t0.0625"
    found = report(capsys, "topology", folder, "--depth", 1, "--sizes", "4,4")
    assert found["sizes"] == [4, 4] and found["edges"] == 8


@pytest.mark.parametrize("suffix, head", [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_pictures(suffix, head, capsys, tmp_path):
    path = tmp_path / f"net.{suffix}"
    printed(capsys, "radix", "--systems", "2,2,2", "--d", "1,2,2,1", "--plot", path)
    assert path.read_bytes().startswith(head)


def test_a_picture_of_many_layers_and_nodes(capsys, tmp_path):
    path = tmp_path / "net.png"
    sizes = ",".join(["2001", "3", *["4"] * 8])  # more nodes and edges than are drawn, and more layers
    printed(capsys, "random", "--sizes", sizes, "--density", 1, "--plot", path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_long_counts_are_left_out_unless_asked_for(capsys, monkeypatch):
    monkeypatch.setattr("minimalbp.topology.paths.MOST_WORK", 100)
    words = ("radix", "--systems", "2,2,2")
    out = printed(capsys, *words)
    assert "paths from an input to an output: not counted (formula 1)" in out
    assert "warning: the paths are not counted" in out
    assert "paths from each input to each output: 1 " in printed(capsys, *words, "--paths")


@pytest.mark.parametrize(
    "words, message",
    [
        ("radix --systems 1,2", "each radix must be at least 2, not 1"),
        ("radix --systems 2,3 4", "the product 4 of system 2 does not divide 6"),
        ("radix --systems 2,2 --d 1,1", "d needs 3 numbers for 2 radices"),
        ("radix --systems 2,x", "--systems must be whole numbers such as 2,3, not '2,x'"),
        ("radix --systems 2,2 --sign 0", "sign must be -1 or 1, not 0"),
        ("radix --systems 2,2 --sign minus", "sign must be -1 or 1, not 'minus'"),
        ("radix --systems 2,2 --cut 5,4,4", "node layer 0 has 4 nodes and cannot be cut to 5"),
        ("radix --systems 2,2 --sizes 4,4", "radix needs --systems, or --sizes with --degrees or --density"),
        ("radix --sizes 4,4", "radix needs --systems, or --sizes with --degrees or --density"),
        ("radix", "radix needs --systems, or --sizes with --degrees or --density"),
        ("radix --sizes 7,5 --degrees 2", "the sizes 7, 5 have no common divisor but 1"),
        ("radix --sizes 8,8 --degrees 8 --d 1,1", "--d and --anywhere go with --systems"),
        ("radix --systems 2,2 --seed 1", "--seed is not for radix, which has --systems"),
        ("radix --sizes 8,8,8 --density 10% --cut 4,4,4", "radix with --density is cut to --sizes"),
        ("radix --sizes 8,8,8 --density 10%,20%", "radix has one density for all layers"),
        ("radix --sizes 8,8,8 --density 0", "density must be a number in (0, 1], not 0.0"),
        ("radix --sizes 8,8 --density 10%", "a RadiX-Net needs two layers of edges or more"),
        ("random --sizes 5,5 --fan-in 2 --out x.tsv --value 0", "--value must not be 0"),
        ("random --sizes 5,5 --fan-in 2 --out x.edges --value 2", "--value is for .tsv files alone"),
        ("random --sizes 5,5 --fan-in 2 --out x.npz --kind tsv", "--kind is for a folder of layers"),
        ("random --fan-in 2", "random needs --sizes, two or more"),
        ("random --sizes 5", "random needs --sizes, two or more"),
        ("random --sizes 5,5", "needs density or degree or fan-in or fan-out, one of them, not none"),
        ("random --sizes 5,5 --fan-in 9", "a fan-in of 9 is more than the 5 inputs"),
        ("random --sizes 5,5 --fan-in 2 --seed x", "seed must be a whole number of at least 0, not 'x'"),
        ("random --sizes 5,5 --density 2", "density must be a number in (0, 1], not 2.0"),
        ("random --sizes 5,5 --density half", "--density must be numbers such as 0.1 or 10%,50%, not 'half'"),
        ("regular --sizes 5,5 --fan-in 2,2", "fan-in needs one number, or 1 for the layers, not 2"),
        ("regular --sizes 5,5 --cut 3,3", "--cut is not for regular"),
        ("bernoulli --sizes 5,5 --fan-in 2", "--fan-in is not for bernoulli"),
        ("cayley --sizes 4,4", "cayley needs --generators"),
        ("cayley --sizes 4,5 --generators 1", "cayley needs equal sizes, not 4,5"),
        ("cayley --sizes 4,4 --generators 1 2", "--generators needs one set, or 1 for the layers, not 2"),
        ("cayley --sizes 4,4 --generators 1,5", "different modulo 4, not 1, 5"),
        ("none.tsv", "there is no file or folder 'none.tsv'"),
        ("file", "there is no file or folder 'file'"),
        ("radix --systems 2,2 --plot net.gif", "a figure ends in .png, .svg or .pdf, not 'net.gif'"),
        ("radix --systems 2,2 --kind tsv", "--kind and --value say how files are written; give --out too"),
        ("radix --systems 2,2 --out net --kind zip", "unknown kind of file 'zip'"),
        ("radix --systems 2,2 --out net --value x", "value must be a number"),
        ("radix --systems 2,2 --out net.tsv", "net.tsv can hold one layer, not 2"),
        ("radix --systems 2,2 --out here", "here is there already and holds something"),
        ("here --depth 2", "here needs files of one kind"),
    ],
)
def test_refusals(words, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "note.md").touch()
    assert message in refused(capsys, "topology", *words.split())
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


def test_json_has_nothing_that_is_no_number(capsys):
    assert main(["topology", "bernoulli", "--sizes", "3,3", "--density", "1e-9", "--json"]) == 0
    out = capsys.readouterr().out
    assert "NaN" not in out and json.loads(out)["layers"][0]["singular_ratio"] is None
