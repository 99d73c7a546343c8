"""`minimalbp train --topology`: sparse hidden layers beside the dense network, kept, gone on with and refused."""

import numpy as np
import pytest
from commands import outcome, refused, report
from safetensors.numpy import load_file

import minimalbp as mbp
from minimalbp.cli import main
from minimalbp.experiment.build import build
from minimalbp.prune import unpack
from minimalbp.topology import random_net, write_topology


@pytest.fixture
def few(points):
    few = ["--epochs", "2", "--batch", "9", "--evals", "2", "--backend", "reference", "--threads", "1"]
    return ["train", "--data", points, *few]


@pytest.fixture
def edges(tmp_path):
    """A file of edges 5-8-6, as `points` has 5 inputs."""
    write_topology(
        random_net("random", [5, 8, 6], np.random.default_rng(1), degree=2), tmp_path / "net.edges"
    )
    return tmp_path / "net.edges"


def names(found):
    return [run["name"] for run in found["runs"]]


def test_topologies_are_arms_beside_dense_with_fewer_weights(capsys, few):
    asked = ["--topology", "random,none,cayley", "--density", "20%,0.5", "--hidden", "8,6"]
    found = report(capsys, *few, *asked, "--select", "dense,unified", "--k", "2")
    assert names(found) == [
        "dense", "random 20%", "random 20% unified 2", "random 50%", "random 50% unified 2", "unified 2",
        "cayley 20%", "cayley 20% unified 2", "cayley 50%", "cayley 50% unified 2",
    ]  # fmt: skip
    runs = {run["name"]: run for run in found["runs"]}
    assert runs["dense"]["weights"] > runs["random 50%"]["weights"] > runs["random 20%"]["weights"]
    assert runs["random 20%"]["ops"]["forward"] < runs["dense"]["ops"]["forward"]
    assert runs["random 20%"]["topology"] == {"name": "random", "density": "20%"}
    assert "topology" not in runs["dense"]
    assert main([*few, *asked]) == 0
    assert "random 20%" in capsys.readouterr().out


def test_gradients_on_a_topology_are_dense_unless_asked_for(capsys, few):
    assert names(report(capsys, *few, "--topology", "regular", "--hidden", "8,6")) == ["dense", "regular 10%"]
    sparse = report(capsys, *few, "--topology", "regular", "--hidden", "8,6", "--k", "2", "--no-compare")
    assert names(sparse) == ["regular 10% topk 2"]


def test_a_file_says_the_hidden_layers_and_may_be_cut(capsys, few, edges):
    found = report(capsys, *few, "--topology", edges)
    assert found["sizes"] == [5, 8, 6, 3] and names(found) == ["dense", "net.edges"]
    assert found["config"]["hidden"] == [8, 6]
    cut = report(capsys, *few, "--topology", edges, "--hidden", "7,6")
    assert cut["sizes"] == [5, 7, 6, 3]
    assert "5-8-6 was cut to 5-7-6" in " ".join(cut["runs"][1]["notes"])


def test_a_file_may_have_the_outputs_too(capsys, few, tmp_path):
    write_topology(
        random_net("random", [5, 30, 3], np.random.default_rng(1), fan_in=[2, 20]), tmp_path / "net"
    )
    settings = mbp.Settings(data=few[2], topology=str(tmp_path / "net"), backend="reference")
    net = build(settings, mbp.load_data(settings), mbp.Dense())[0]
    assert [type(layer).__name__ for layer in net.children] == ["SparseLinear", "ReLU", "SparseLinear"]
    assert report(capsys, *few, "--topology", tmp_path / "net")["sizes"] == [5, 30, 3]


@pytest.mark.parametrize("seeds", [1, 2])
def test_a_run_goes_on_as_if_it_had_not_been_stopped(capsys, few, edges, tmp_path, seeds):
    asked = ["--topology", f"{edges},random", "--hidden", "8,6", "--density", "30%", "--seeds", seeds]
    whole = report(capsys, *few, *asked, "--epochs", "3", "--out", tmp_path / "whole")
    report(capsys, *few, *asked, "--out", tmp_path / "part")
    resume = ["train", "--resume", tmp_path / "part", "--epochs", "3"]
    same = ["--topology", f"random,{edges}", "--density", "0.3"]
    assert outcome(report(capsys, *resume, *same)) == outcome(whole)
    for name in ("--topology", "radix"), ("--density", "20%"):
        assert "only --epochs and --threads may change" in refused(capsys, *resume, *name)


def test_the_best_weights_hold_the_graph(capsys, few, tmp_path):
    report(capsys, *few, "--topology", "random", "--hidden", "8,6", "--out", tmp_path / "run")
    settings = mbp.Settings(
        data=few[2], topology="random", hidden=(8, 6), select="dense", backend="reference"
    )
    data = mbp.load_data(settings)
    net = build(settings, data, mbp.Dense())[0]
    file = tmp_path / "run" / "random-10pct.safetensors"
    mbp.load(net, file)
    np.testing.assert_array_equal(load_file(file)["0.source"], net.children[0].edges.source)
    dense = unpack(net)
    assert {type(layer).__name__ for layer in dense.children} == {"Linear", "ReLU"}
    np.testing.assert_allclose(dense(data.test.x), net(data.test.x), rtol=1e-5, atol=1e-5)


def test_simplify_removes_units_with_their_edges(capsys, points, edges):
    few = ["--epochs", "2", "--batch", "9", "--evals", "2", "--backend", "reference", "--threads", "1"]
    few += ["--cycle", "1", "--k", "2", "--prune", "0.3", "--min-width", "2"]
    for topology in ["random", "--hidden", "12,9", "--density", "0.4"], [edges]:
        found = report(capsys, "simplify", "--data", points, "--topology", *topology, *few)
        runs = {run["name"]: run for run in found["runs"]}
        small = runs["simplified"]
        assert small["average_width"] < runs["dense"]["average_width"]
        assert runs["from scratch"]["widths"] == runs["random"]["widths"] == small["widths"]


def test_a_file_must_stay_as_it_was(capsys, few, edges, tmp_path):
    report(capsys, *few, "--topology", edges, "--out", tmp_path / "run")
    kept = {path: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    text = edges.read_text().splitlines()
    edges.write_text("\n".join(text[:-1]) + "\n")
    line = refused(capsys, "train", "--resume", tmp_path / "run", "--epochs", "3")
    assert f"{edges} has changed since the run in {tmp_path / 'run'} began; put the old file back" in line
    assert {path: path.read_bytes() for path in (tmp_path / "run").iterdir()} == kept


def test_a_density_that_is_not_there_is_told(capsys, few):
    found = report(capsys, *few, "--topology", "random", "--density", "1%", "--hidden", "8,6")
    notes = " ".join(found["runs"][1]["notes"])
    assert "of all edges, not 1%: nodes have whole numbers of edges" in notes


@pytest.mark.parametrize(
    "words, said",
    [
        (["--topology", "radx"], "topology must be one of radix, random"),
        (["--topology", "radix", "--hidden", "9"], "two layers of edges or more"),
        (["--topology", "random", "--density", "0"], "above 0% and up to 100%"),
        (["--topology", "random", "--density", "nan"], "above 0% and up to 100%"),
        (["--topology", "random", "--center", "dw"], "center = dw is for dense layers"),
        (["--topology", "random", "--model", "lenet"], "topology is for the model mlp"),
        (["--topology", "random", "--task", "parsing"], "topology is for the task classify"),
        (["--topology", ""], "topology must be a name or a path"),
        (["--topology", "a\0b"], "which 'a\\x00b' is not"),
        (["--density", "5%"], "density = 5% is of a topology"),
    ],
)
def test_what_is_refused(capsys, few, words, said):
    assert said in refused(capsys, *few, *words)


def test_files_that_are_refused(capsys, few, edges, tmp_path):
    assert "ask for 5-9-6" in refused(capsys, *few, "--topology", edges, "--hidden", "9,6")
    assert "ask for 5-8" in refused(capsys, *few, "--topology", edges, "--hidden", "8")
    assert "says its density" in refused(capsys, *few, "--topology", edges, "--density", "10%")
    settings = {"topology": str(edges), "density": "10%"}
    with pytest.raises(mbp.BadInput, match="says its density"):
        mbp.Settings(**settings)
    (tmp_path / "x").mkdir()
    twin = tmp_path / "x" / "net.edges"
    twin.write_bytes(edges.read_bytes())
    both = ["--topology", f"{edges},{twin}", "--hidden", "8,6"]
    assert "two networks would be called net.edges" in refused(capsys, *few, *both)
    edges.write_text("1 2 x\n")
    assert "net.edges" in refused(capsys, *few, "--topology", edges)
