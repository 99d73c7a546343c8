"""The GraphChallenge's inference: against dense layers, in pieces, from files, with other libraries."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from challenges import N, dense_run, layers, put_files, put_pictures
from helpers import refused

from minimalbp.backend import get_backend
from minimalbp.cost.peers import clipped_products
from minimalbp.data import KNOWN
from minimalbp.data.known.locations import locate
from minimalbp.experiment import challenge_tables, graphchallenge
from minimalbp.experiment.challenge_inputs import Inputs
from minimalbp.experiment.challenge_order import grouped, renumbered
from minimalbp.experiment.challenge_rivals import survivors
from minimalbp.experiment.challenge_tables import in_pieces
from minimalbp.topology import CHALLENGE, Bipartite, category_text, challenge_images

DEPTH = 9
HOME = sys.modules["minimalbp.experiment.graphchallenge"]  # the room has the function under that name
KEYS = {
    "neurons", "layers", "categories", "categories_sha256", "ok", "seconds", "edges_per_second",
    "edges_processed_per_second", "scipy_edges_per_second",
}  # fmt: skip


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """(a folder of IDX files, its images as inputs of 1,024 neurons)."""
    folder, x = put_pictures(tmp_path_factory.mktemp("data") / "pictures")
    return folder, challenge_images(x, 32)


def test_the_network_made_again_is_dense_layers_one_after_another(pictures):
    folder, x = pictures
    left, live = dense_run(x, layers(DEPTH))
    assert 0 < live[-1] < live[0] == len(x)
    found = graphchallenge(N, DEPTH, data=folder, threads=1, compare=False)
    assert set(found) >= KEYS
    assert found["live"] == live and found["categories"] == len(left)
    assert found["categories_sha256"] == category_text(left)[1]
    assert found["ok"] is None and found["checked"] is None  # nothing is known of these pictures
    assert found["edges"] == DEPTH * 32 * N and found["edges_processed"] == 32 * N * (len(x) + sum(live[:-1]))
    rates = found["edges_per_second"], found["edges_processed_per_second"]
    assert rates[0] * found["seconds"] == pytest.approx(len(x) * found["edges"])
    assert rates[1] * found["seconds"] == pytest.approx(found["edges_processed"])
    assert found["scipy_edges_per_second"] is found["torch_edges_per_second"] is None


def test_layers_in_pieces_give_the_same(pictures, monkeypatch):
    whole = graphchallenge(N, DEPTH, data=pictures[0], threads=1, compare=False)
    monkeypatch.setattr(challenge_tables, "MOST_BYTES", 4 * N * (32 * 4 + 28))
    found = graphchallenge(N, DEPTH, data=str(pictures[0]), threads=1)
    assert (whole["pieces"], found["pieces"]) == (1, 3)  # of 4, 4 and 1 layers
    for key in ("live", "categories_sha256", "edges", "edges_processed"):
        assert found[key] == whole[key]
    assert found["scipy_seconds"] is None  # other libraries need all layers at once
    refused(
        lambda: graphchallenge(N, DEPTH, data=pictures[0], threads=1, compare=True),
        "other libraries need all layers at once, at most 4 of 1024 neurons, not 9",
    )


def test_other_libraries_find_the_same_or_are_refused(pictures, monkeypatch):
    found = graphchallenge(N, 3, data=pictures[0], threads=1)
    assert found["scipy_seconds"] > 0 and found["scipy_edges_per_second"] > 0
    monkeypatch.setattr(HOME, "survivors", lambda *_: np.arange(1))
    with pytest.raises(RuntimeError, match="finds other categories"):
        graphchallenge(N, DEPTH, data=pictures[0], threads=1)


# --- official files ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def official(pictures, tmp_path_factory):
    """A folder of files whose edges have weights of their own, with the list of its categories."""
    network = list(layers(4, np.random.default_rng(1)))
    left, live = dense_run(pictures[1], network)
    assert 0 < len(left) < len(pictures[1])
    folder = put_files(tmp_path_factory.mktemp("files") / "official", pictures[1], network, left)
    return folder, left, live


def test_files_with_a_weight_of_its_own_for_each_edge(official):
    folder, left, live = official
    found = graphchallenge(N, 4, files=folder, threads=1, compare=True)
    assert found["live"] == live and found["categories"] == len(left)
    assert found["ok"] is True and found["checked"] == "the list in the file" and found["made"] == "files"
    three = graphchallenge(N, 3, files=folder, threads=1, compare=False)
    assert three["ok"] is None and three["live"] == live[:3]  # no list for three layers


def test_a_wrong_list_is_found(official, tmp_path):
    folder, left, _ = official
    for path in folder.iterdir():
        (tmp_path / path.name).symlink_to(path)
    wrong = tmp_path / f"neuron{N}-l4-categories.tsv"
    wrong.unlink()
    wrong.write_text("".join(f"{one + 1}\n" for one in left[1:]))
    assert graphchallenge(N, 4, files=tmp_path, threads=1, compare=False)["ok"] is False


@pytest.mark.parametrize(
    "name, text, message",
    [
        (f"sparse-images-{N}.tsv", None, "there is no file"),
        (
            f"sparse-images-{N}.tsv",
            "1\t1025\t1\n",
            "has a pixel 1025, but images of 1024 neurons end at 1024",
        ),
        (f"sparse-images-{N}.tsv", "1000001\t1\t1\n", "has an image 1000001; at most 1000000"),
        (f"sparse-images-{N}.tsv", "1\t1\t-1\n", "has a pixel of -1"),
        (f"n{N}-l1.tsv", None, "there is no file"),
        (
            f"n{N}-l1.tsv",
            "1\t1\t1\n",
            "has 1 edges, but a layer of 1024 neurons has 32768; it may be cut short",
        ),
        (f"n{N}-l1.tsv", "1\t2000\t1\n", "has an output 2000, but layers of 1024 neurons end at 1024"),
        (f"neuron{N}-l4-categories.tsv", "one\n", "must hold a whole number in each line"),
    ],
)
def test_files_that_cannot_be_used(official, tmp_path, name, text, message):
    for path in official[0].iterdir():
        if path.name != name:
            (tmp_path / path.name).symlink_to(path)
    if text is not None:
        (tmp_path / name).write_text(text)
    refused(lambda: graphchallenge(N, 4, files=tmp_path, threads=1, compare=False), message)


def test_layers_may_lie_in_a_folder_of_their_own(official, tmp_path):
    (tmp_path / f"neuron{N}").mkdir()
    for path in official[0].iterdir():
        home = tmp_path / f"neuron{N}" if path.name[0] == "n" and "-l4-" not in path.name else tmp_path
        (home / path.name).symlink_to(path)
    assert graphchallenge(N, 4, files=tmp_path, threads=1, compare=False)["ok"] is True


@pytest.mark.parametrize(
    "options, message",
    [
        ({"neurons": 1000}, "the challenge has 1024, 4096, 16384, 65536 neurons in a layer, not 1000"),
        ({"layers": 0}, "layers must be at least 1, not 0"),
        ({"layers": 1921}, "layers must be at most 1920, not 1921"),
        ({"threads": 0}, "threads must be at least 1"),
        ({"data": "digits"}, "data must be mnist, or a folder with"),
        ({"data": 3}, "data must be mnist or a folder of IDX files, not 3"),
        ({"files": "nowhere"}, "files must name a folder"),
    ],
)
def test_refusals(options, message):
    refused(lambda: graphchallenge(**options), message)


def test_too_little_memory_is_told_before_anything_is_made(monkeypatch):
    monkeypatch.setattr("os.sysconf", lambda name: 1024)
    refused(
        lambda: graphchallenge(65536, 120), "a network of 65536 x 120 needs", "GB of memory", "fewer neurons"
    )


# --- right or wrong -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sha256, more, depth, ok", [
    ("ours", 0, 120, True), ("0" * 64, 0, 120, False), (None, 0, 120, True), (None, 1, 120, False),
    ("ours", 0, 119, None),
])  # fmt: skip
def test_the_official_images_are_checked_by_what_is_known(pictures, monkeypatch, sha256, more, depth, ok):
    found = graphchallenge(N, depth, data=pictures[0], threads=1, compare=False)
    known = replace(
        CHALLENGE[N],
        sha256=found["categories_sha256"] if sha256 == "ours" else sha256,
        categories=found["categories"] + more,
    )
    monkeypatch.setitem(CHALLENGE, N, known)
    monkeypatch.setattr(HOME, "made_inputs", lambda *_: Inputs(pictures[1].view(np.uint8), True))
    assert graphchallenge(N, depth, threads=1, compare=False)["ok"] is ok


@pytest.mark.slow
def test_mnist_at_1024_neurons_gives_the_official_list(users_data):
    if locate(KNOWN["mnist"], KNOWN["mnist"].files[0]) is None:
        pytest.skip("no copy of MNIST in MINIMALBP_DATA")
    found = graphchallenge(N, 120, compare=False)
    assert found["ok"] is True and found["categories"] == 1812
    assert found["live"][-1] == 1812


# --- tables -------------------------------------------------------------------------------------------------


def small_network(rng, n=12, depth=4):
    graphs = [Bipartite.from_mask(rng.random((n, n)) < 0.3) for _ in range(depth)]
    return [(graph, rng.standard_normal(graph.n_edges)) for graph in graphs]


def dense(one):
    """The matrix of a layer in groups."""
    w, at = np.zeros((len(one.member), len(one.member))), 0
    for g in range(len(one.group) - 1):
        outputs = one.member[one.group[g] : one.group[g + 1]]
        inputs = one.source[one.first[g] : one.first[g + 1]]
        size = len(outputs) * len(inputs)
        w[np.ix_(outputs, inputs)] = one.weight[at : at + size].reshape(len(outputs), len(inputs))
        at += size
    assert at == len(one.weight)
    return w


def test_groups_hold_every_weight(rng):
    for graph, weight in small_network(rng):
        w = np.zeros((graph.n_out, graph.n_in))
        w[graph.target, graph.source] = weight
        np.testing.assert_array_equal(dense(grouped(graph, weight)), w)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_renumbered_network_is_the_same_from_inputs_to_outputs(rng, depth):
    network = small_network(rng, depth=depth)
    wanted, found = np.eye(12), np.eye(12)
    for graph, weight in network:
        wanted = dense(grouped(graph, weight)) @ wanted
    new = list(renumbered(network))
    for one in new:
        found = dense(one) @ found
    assert len(new) == depth
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    if depth > 1:  # the first group of each layer reads the first nodes
        assert sorted(new[1].source[: new[1].first[1]]) == list(range(new[1].first[1]))


def test_matrices_for_other_libraries_are_those_of_the_tables(rng):
    known = CHALLENGE[N]
    tables = next(in_pieces(layers(7, rng), 7, known, get_backend("cpu")))
    whole = np.eye(N)
    for matrix in tables.matrices():
        whole = matrix @ whole
    wanted = np.eye(N)
    for graph, weight in layers(7, np.random.default_rng(1706_06197)):
        w = np.zeros((N, N))
        w[graph.target, graph.source] = weight
        wanted = w @ wanted
    np.testing.assert_allclose(whole, wanted, rtol=1e-4)


@pytest.mark.parametrize("block", [1, 3, 8, 64])
def test_other_libraries_leave_out_the_dead_in_blocks_of_any_size(rng, block):
    matrix = (rng.random((10, 10)) < 0.3).astype(np.float32)
    b = np.full(10, -1, np.float32)
    x = rng.integers(0, 2, (50, 10)).astype(np.uint8)
    a = x.astype(float)
    for _ in range(6):
        a = np.clip(a @ matrix.T + b, 0, 32)
    left = np.flatnonzero(a.any(axis=1))
    assert 0 < len(left) < 50
    from scipy.sparse import csr_array

    for call in clipped_products(csr_array(matrix), b, 32).values():
        np.testing.assert_array_equal(survivors([call] * 6, x, block), left)
    assert len(survivors([call] * 6, x[:0], block)) == 0
