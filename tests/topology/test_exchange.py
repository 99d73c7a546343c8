"""Topologies in files: round trips, files of users and of other programs, and one line for every bad file."""

import numpy as np
import pytest
from scipy import sparse

from minimalbp import BadInput
from minimalbp.topology import (
    Bipartite,
    Topology,
    radix_net,
    random_net,
    read_topology,
    read_triples,
    write_topology,
)

NETS = [
    radix_net([[2, 2, 2]], [1, 2, 2, 1]),
    radix_net([[2, 3]], [2, 1, 3], cut=[11, 5, 17]),
    random_net("bernoulli", [7, 5, 9, 4], np.random.default_rng(2), density=0.3),
    Topology([Bipartite.from_mask([[0, 1, 0, 0], [0, 0, 1, 0]])]),  # nodes without an edge at both ends
]


def same(one, other):
    return one.sizes == other.sizes and all(a.same(b) for a, b in zip(one, other))


@pytest.mark.parametrize("net", NETS, ids=repr)
@pytest.mark.parametrize(
    "name, kind", [("a.edges", "npz"), ("a.txt", "npz"), ("a.csv", "npz"), ("a", "npz"), ("a", "edges")]
)
def test_round_trips_that_keep_sizes(net, name, kind, tmp_path):
    write_topology(net, tmp_path / "new" / name, kind)
    assert same(read_topology(tmp_path / "new" / name), net)
    assert [path.name for path in (tmp_path / "new").iterdir()] == [name]  # nothing temporary is left


@pytest.mark.parametrize("net", NETS, ids=repr)
def test_round_trips_of_triples_need_sizes(net, tmp_path):
    write_topology(net, tmp_path / "a", "tsv", value=1 / 16)
    assert same(read_topology(tmp_path / "a", sizes=net.sizes), net)
    assert read_triples(tmp_path / "a" / "layer1.tsv")[2].tolist() == [0.0625] * net[0].n_edges


@pytest.mark.parametrize("name", ["one.npz", "one.tsv"])
def test_one_layer_in_one_file(name, tmp_path):
    write_topology(NETS[3], tmp_path / name)
    assert same(read_topology(tmp_path / name, sizes=(4, 2)), NETS[3])
    with pytest.raises(BadInput, match=f"{name} can hold one layer, not 3; give the name of a folder"):
        write_topology(NETS[0], tmp_path / name)
    assert same(read_topology(tmp_path / name, sizes=(4, 2)), NETS[3])  # what was there is left


def test_scipy_reads_what_was_written(tmp_path):
    write_topology(NETS[0], tmp_path / "a")
    product = sparse.load_npz(tmp_path / "a" / "layer1.npz").astype(int)
    for i in (2, 3):
        product = product @ sparse.load_npz(tmp_path / "a" / f"layer{i}.npz").astype(int)
    assert (product.toarray() == 4).all()


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "bsr", "dia"])
@pytest.mark.parametrize("kind", [sparse.coo_array, sparse.coo_matrix])
def test_any_form_of_scipy(form, kind, tmp_path):
    w = np.random.default_rng(0).standard_normal((6, 4)) * (np.arange(24).reshape(6, 4) % 3 == 0)
    sparse.save_npz(tmp_path / "w.npz", kind(w).asformat(form))
    (layer,) = read_topology(tmp_path / "w.npz")
    np.testing.assert_array_equal(layer.mask(), (w != 0).T)


def test_the_order_of_layers_is_by_number(tmp_path):
    net = random_net("regular", [6] * 13, np.random.default_rng(0), fan_in=2)
    for i, layer in enumerate(net, 1):
        write_topology(Topology([layer]), tmp_path / f"n6-l{i}.tsv")
    (tmp_path / "README.md").write_text("not a layer", encoding="utf-8")
    assert same(read_topology(tmp_path, sizes=[6] * 13), net)
    assert same(read_topology(tmp_path, sizes=[6] * 4, depth=3), Topology(net[:3]))
    (tmp_path / "n6-l7.tsv").unlink()
    with pytest.raises(BadInput, match="holds 11 layers, but no layer 7"):
        read_topology(tmp_path)
    assert len(read_topology(tmp_path, depth=6)) == 6


@pytest.mark.parametrize(
    "name, text, sizes, edges",
    [
        ("a.edges", "0 1\n2 0\n", (3, 2), [[(2, 0), (0, 1)]]),
        ("a.txt", "# mine\n\n0\t1  # the first\n2\t0\n", (3, 2), [[(2, 0), (0, 1)]]),
        ("a.csv", "0,1\n2,0\n", (3, 2), [[(2, 0), (0, 1)]]),
        ("a.edges", "1 0 1\n2 4 0\n1 2 3\n", (3, 5, 1), [[(0, 1), (2, 3)], [(4, 0)]]),
        ("a.edges", "# sizes 9 8\n0 1\n", (9, 8), [[(0, 1)]]),
        ("a.edges", "# sizes 9 8 7\n2 0 1\n", (9, 8, 7), [[], [(0, 1)]]),
        ("a.tsv", "1\t2\t0.5\n3\t1\t-1\n2\t2\t0\n", (3, 2), [[(2, 0), (0, 1)]]),
        ("a.tsv", "1 2 1e-3\n", (1, 2), [[(0, 1)]]),
    ],
)
def test_files_as_users_write_them(name, text, sizes, edges, tmp_path):
    (tmp_path / name).write_text(text, encoding="utf-8")
    net = read_topology(tmp_path / name)
    assert net.sizes == sizes
    assert [list(zip(layer.source.tolist(), layer.target.tolist())) for layer in net] == edges


def test_sizes_of_neighbours_count(tmp_path):
    """A layer's last outputs may have no edge that leads on, and a layer's last inputs none that comes."""
    (tmp_path / "a.edges").write_text("1 0 6\n2 3 0\n", encoding="utf-8")
    assert read_topology(tmp_path / "a.edges").sizes == (1, 7, 1)
    assert read_topology(tmp_path / "a.edges", sizes=(2, 9, 3)).sizes == (2, 9, 3)
    with pytest.raises(
        BadInput, match=r"cannot use .*a.edges: input 3 does not exist: a layer of 2 inputs|output 6"
    ):
        read_topology(tmp_path / "a.edges", sizes=(1, 2, 1))
    with pytest.raises(BadInput, match="2 layers of edges need 3 sizes, not 2"):
        read_topology(tmp_path / "a.edges", sizes=(1, 7))


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("a.edges", "", "holds no edges"),
        ("a.edges", "0\n1\n", "needs two columns .* not 1"),
        ("a.edges", "0 1 2 3\n", "needs two columns .* not 4"),
        ("a.edges", "0 1\n0\n", "must hold lines of whole numbers"),
        ("a.edges", "source target\n0 1\n", "must hold lines of whole numbers"),
        ("a.edges", "0 1.5\n", "must hold lines of whole numbers"),
        ("a.edges", "0 99999999999999999999\n", "must hold lines of whole numbers"),
        ("a.edges", "0 -1\n", "output -1 does not exist"),
        ("a.edges", "0 1\n0 1\n", "output 1 reads input 0 twice"),
        ("a.edges", "0 0 1\n", "there is no layer 0; the first of three columns counts layers from 1"),
        ("a.edges", "999999999 0 1\n", "there is no layer 999999999"),
        ("a.edges", "# sizes 3 2\n5 0 1\n", "there is no layer 5"),
        ("a.edges", "# sizes 3\n0 1\n", "1 sizes in its first line do not fit"),
        ("a.edges", "# sizes 3 2 4\n0 1\n", "3 sizes in its first line do not fit"),
        ("a.edges", "# sizes 3 1\n0 1\n", "output 1 does not exist: a layer of 1 outputs"),
        ("a.edges", "0 2000000000\n", "n_out must be at most 134217728"),
        ("a.edges", b"\xff\xfe0 1\n", "must hold lines of whole numbers"),
        ("a.csv", "0;1\n", "must hold lines of whole numbers"),
        ("a.tsv", "1\t2\n", "needs three columns, row, column and value, not 2"),
        ("a.tsv", "1\t0\t1\n", "1 0 1 is no triple of a row and a column, numbered from 1"),
        ("a.tsv", "1\t1.5\t1\n", "1 1.5 1 is no triple"),
        ("a.tsv", "1\t1\t1\nnan\t1\t1\n", "nan 1 1 is no triple"),
        ("a.tsv", "1\t1\tinf\n", "1 1 inf is no triple"),
        ("a.tsv", "1\t1e300\t1\n", r"1 1e\+300 1 is no triple"),
        ("a.tsv", "1\t1\t1\n1\t1\t1\n", "output 0 reads input 0 twice"),
        ("a.npz", b"", "is no sparse array"),
        ("a.npz", b"PK\x03\x04 and so on", "is no sparse array"),
        ("a.json", "{}", r"a file that ends in .npz, .tsv, .edges, .txt, .csv, not .*a.json"),
    ],
)
def test_bad_files(name, content, message, tmp_path):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BadInput, match=message) as refused:
        read_topology(path)
    assert "\n" not in str(refused.value) and name in str(refused.value)


def test_an_npz_of_something_else(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.ones(3))
    with pytest.raises(BadInput, match="is no sparse array"):
        read_topology(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", row=np.array([object()]), format="coo", shape=(1, 1))
    with pytest.raises(BadInput, match="is no sparse array"):
        read_topology(tmp_path / "b.npz")  # a pickle is not opened


def test_an_npz_whose_indices_lie(tmp_path):
    good = sparse.csr_array(np.eye(3))
    good.indices[1] = 10**6
    sparse.save_npz(tmp_path / "a.npz", good)
    with pytest.raises(BadInput, match=r"a\.npz"):
        read_topology(tmp_path / "a.npz")


def test_a_file_that_is_not_there(tmp_path):
    for name in ("a.npz", "a.tsv", "a.edges"):
        with pytest.raises(BadInput, match=rf"cannot read .*{name}: No such file"):
            read_topology(tmp_path / name)


def put(folder, **files):
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    "files, message",
    [
        ({}, "needs files of one kind .* not of none"),
        ({"l1_tsv": "1 1 1\n", "l2_edges": "0 0\n"}, "needs files of one kind .* not of .edges, .tsv"),
        (
            {"l1_tsv": "1 1 1\n", "second_tsv": "1 1 1\n"},
            "the name of .*second.tsv needs a number of its own",
        ),
        ({"l1_tsv": "1 1 1\n", "m1_tsv": "1 1 1\n"}, "needs a number of its own"),
        ({"l1_edges": "1 0 0\n2 0 0\n", "l2_edges": "0 0\n"}, "a file in .* holds several layers"),
        (
            {"l1_edges": "# sizes 2 3\n0 0\n", "l2_edges": "# sizes 2 3\n0 0\n"},
            "layer 1 has 3 outputs, but layer 2 has 2",
        ),
    ],
)
def test_bad_folders(files, message, tmp_path):
    put(tmp_path, **files)
    with pytest.raises(BadInput, match=message):
        read_topology(tmp_path)


def test_a_folder_of_one_file_of_several_layers(tmp_path):
    put(tmp_path, net_edges="1 0 0\n2 0 0\n")
    assert read_topology(tmp_path).sizes == (1, 1, 1)


# --- whole or not at all --------------------------------------------------------------------------------


def test_a_folder_that_holds_something_stays(tmp_path):
    put(tmp_path, note_md="mine")
    with pytest.raises(BadInput, match="is there already and holds something"):
        write_topology(NETS[0], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["note.md"]


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "a").mkdir()
    write_topology(NETS[0], tmp_path / "a")
    assert len(list((tmp_path / "a").iterdir())) == 3


def test_a_folder_is_whole_or_not_there(tmp_path, monkeypatch):
    calls = []

    def full(path, layer):
        calls.append(path)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        path.touch()

    monkeypatch.setattr("minimalbp.topology.exchange.write_matrix", full)
    with pytest.raises(BadInput, match=r"cannot write .*a: No space left on device; choose another folder"):
        write_topology(NETS[0], tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_another_kind(tmp_path):
    with pytest.raises(BadInput, match="unknown kind of file 'nzp'; did you mean 'npz'"):
        write_topology(NETS[0], tmp_path / "a", kind="nzp")


def test_a_network_without_edges_is_read_back(tmp_path):
    empty = Topology([Bipartite.from_edges(3, 2, [], []), Bipartite.from_edges(2, 4, [], [])])
    for name in ("net.edges", "net.csv", "net"):
        write_topology(empty, tmp_path / name)
        assert read_topology(tmp_path / name).sizes == (3, 2, 4)


def test_bytes_in_front_that_spreadsheets_write(tmp_path):
    (tmp_path / "net.csv").write_bytes(b"\xef\xbb\xbf# sizes 3 2\n1,0,1\n")
    assert read_topology(tmp_path / "net.csv").sizes == (3, 2)


def test_no_size_is_zero_and_depth_is_for_folders(tmp_path):
    (tmp_path / "net.edges").write_text("# sizes 0 3\n1 0 1\n")
    with pytest.raises(BadInput, match="not 0"):
        read_topology(tmp_path / "net.edges")
    with pytest.raises(BadInput, match="depth is for a folder"):
        read_topology(tmp_path / "net.edges", depth=1)
