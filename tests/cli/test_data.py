"""`minimalbp data list | fetch | import | where`: what it prints and when it refuses."""

import argparse
import json

import pytest
from cifar_sets import archives, binary_files, small_cifar10
from helpers import refused
from known_sets import NAMES, put, tiny_files, tiny_set

from minimalbp.cli import data as command
from minimalbp.data import KNOWN


@pytest.fixture(autouse=True)
def tiny(tmp_path, monkeypatch):
    monkeypatch.delenv("MINIMALBP_DATA", raising=False)
    monkeypatch.setenv("MINIMALBP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(KNOWN, "tiny", tiny_set())
    return tmp_path / "cache" / "tiny"


@pytest.fixture
def type_(capsys):
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())

    def type_(*words):
        args = parser.parse_args(["data", *map(str, words)])
        assert args.run(args) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return out

    return type_


def line_of(text, start):
    (line,) = [line for line in text.splitlines() if line.startswith(start)]
    return line


def test_list(type_, tiny):
    before = type_("list")
    assert line_of(before, "digits").split()[1:5] == ["1079", "359", "359", "8x8"]
    assert " ".join(line_of(before, "mnist").split()) == "mnist 55000 5000 10000 28x28 CC BY-SA 3.0 not here"
    treebank = "ud-english-ewt 12544 2001 2077 trees CC BY-SA 4.0 not here"
    assert " ".join(line_of(before, "ud-english-ewt").split()) == treebank
    put(tiny, {NAMES[0]: tiny_files()[NAMES[0]]})
    assert line_of(type_("list"), "tiny").endswith(f"{tiny} (3 files missing)")
    put(tiny, tiny_files())
    assert line_of(type_("list"), "tiny").endswith(f" {tiny}")


def test_list_as_json(type_, tiny):
    put(tiny, tiny_files())
    sets = {row["name"]: row for row in json.loads(type_("list", "--json"))["sets"]}
    assert list(sets) == ["digits", "mnist", "fashion-mnist", "cifar10", "ud-english-ewt", "tiny"]
    assert sets["digits"].keys() == sets["mnist"].keys()
    assert sets["tiny"]["found"] == [str(tiny)]
    assert (sets["tiny"]["here"], sets["mnist"]["here"]) == (True, False)
    assert sets["mnist"]["missing"] == list(NAMES)
    assert (sets["mnist"]["shape"], sets["mnist"]["n_classes"]) == ([28, 28], 10)


def test_list_of_digits_is_true(type_):
    from minimalbp.data import load_dataset

    data = load_dataset("digits")
    row = json.loads(type_("list", "--json"))["sets"][0]
    assert [row["train"], row["dev"], row["test"]] == [len(data.train), len(data.dev), len(data.test)]
    assert (tuple(row["shape"]), row["n_classes"]) == (data.shape, data.n_classes)


def test_fetch(type_, tiny):
    put(tiny, tiny_files())
    out = type_("fetch", "digits", "tiny").splitlines()
    assert out[0] == "digits  inside scikit-learn, nothing to fetch"
    assert out[1:] == [f"{tiny / name}.gz  already here, SHA-256 good" for name in NAMES]


def test_what_the_user_brought_need_not_be_fetched(type_, tmp_path, monkeypatch):
    put(tmp_path / "mine" / "tiny", tiny_files())
    monkeypatch.setenv("MINIMALBP_DATA", str(tmp_path / "mine"))
    out = type_("fetch", "tiny").splitlines()
    assert out == [f"{tmp_path / 'mine' / 'tiny' / name}.gz  already here, SHA-256 good" for name in NAMES]
    (tmp_path / "mine" / "tiny" / (NAMES[0] + ".gz")).write_bytes(b"damaged")
    refused(lambda: type_("fetch", "tiny"), "no mirror gave it", NAMES[0])


def test_fetch_refuses(type_, tiny, monkeypatch):
    asked = []
    monkeypatch.setattr(command, "fetch", lambda name, say: asked.append(name))
    refused(lambda: type_("fetch", "tiny", "minst"), "unknown data set 'minst'; did you mean 'mnist'?")
    assert asked == []  # no download before every name is known
    monkeypatch.undo()


def test_import(type_, tiny, tmp_path):
    put(tmp_path / "mine", tiny_files())
    out = type_("import", tmp_path / "mine").splitlines()
    assert line_of("\n".join(out), f"tiny  {NAMES[0]}").endswith(f"from {tmp_path / 'mine' / NAMES[0]}.gz")
    assert len(out) == 4
    assert (tiny / (NAMES[0] + ".gz")).is_file()
    (tiny / (NAMES[0] + ".gz")).unlink()
    (tmp_path / "mine" / (NAMES[0] + ".gz")).write_bytes(b"cut short")
    last = type_("import", tmp_path / "mine").splitlines()[-1]
    assert last == f"tiny  not here yet: {NAMES[0]}; no file in {tmp_path / 'mine'} has that content"
    (tmp_path / "empty").mkdir()
    refused(lambda: type_("import", tmp_path / "empty"), "no file in it")


def test_where(type_, tiny, tmp_path, monkeypatch):
    assert type_("where").split() == ["cache", str(tmp_path / "cache"), "(no", "such", "folder", "yet)"]
    monkeypatch.setenv("MINIMALBP_DATA", str(tmp_path))
    assert [line.split()[:2] for line in type_("where").splitlines()] == [
        ["$MINIMALBP_DATA", str(tmp_path)],
        ["cache", str(tmp_path / "cache")],
    ]
    assert type_("where", "digits") == "digits  inside scikit-learn\n"
    assert line_of(type_("where", "tiny"), NAMES[0]).split()[1:3] == ["not", "here"]
    put(tiny, tiny_files())
    out = type_("where", "tiny")
    assert line_of(out, "cache").split() == ["cache", str(tiny)]
    assert line_of(out, NAMES[0]).split()[1] == f"{tiny / NAMES[0]}.gz"
    refused(lambda: type_("where", "minst"), "did you mean 'mnist'?")
    put(tiny, {NAMES[0]: b"other"})
    refused(lambda: type_("where", "tiny"), "wrong content")


def test_where_as_json(type_, tiny):
    assert json.loads(type_("where", "digits", "--json")) == {"places": [], "name": "digits", "files": {}}
    assert list(json.loads(type_("where", "--json"))) == ["places"]
    put(tiny, {NAMES[0]: tiny_files()[NAMES[0]]})
    out = json.loads(type_("where", "tiny", "--json"))
    assert out["places"] == [{"kind": "cache", "folder": str(tiny), "exists": True}]
    assert out["files"][NAMES[0]]["path"] == f"{tiny / NAMES[0]}.gz"
    assert out["files"][NAMES[1]]["path"] is None
    assert len(out["files"][NAMES[1]]["sha256"]) == 64


@pytest.fixture
def cifar10(monkeypatch, tmp_path):
    files = archives()
    monkeypatch.setitem(KNOWN, "cifar10", small_cifar10(files))
    return tmp_path / "cache" / "cifar10", files


def test_one_archive_is_the_whole_set(type_, cifar10):
    folder, files = cifar10
    binary, python = files
    assert " ".join(line_of(type_("list"), "cifar10").split()) == "cifar10 17 3 4 3x32x32 not stated not here"
    row = json.loads(type_("list", "--json"))["sets"][3]
    assert (row["here"], row["missing"]) == (False, [binary, python])
    put(folder, {python: files[python]}, zipped=False)
    assert line_of(type_("list"), "cifar10").endswith(f" {folder}")
    assert line_of(type_("where", "cifar10"), python).split()[1] == str(folder / python)
    assert line_of(type_("where", "cifar10"), binary).split()[1:3] == ["not", "here"]
    assert type_("fetch", "cifar10") == f"{folder / python}  already here, SHA-256 good\n"


def test_import_of_one_archive(type_, cifar10, tmp_path):
    folder, files = cifar10
    binary = next(iter(files))
    put(tmp_path / "mine", {"download": files[binary]}, zipped=False)
    (line,) = type_("import", tmp_path / "mine").splitlines()
    assert line == f"cifar10  {binary}  from {tmp_path / 'mine' / 'download'}"
    assert (folder / binary).is_file()


def test_an_unpacked_archive_is_here_too(type_, cifar10, tmp_path, monkeypatch):
    monkeypatch.setenv("MINIMALBP_DATA", str(tmp_path))
    folder = put(tmp_path / "cifar-10-batches-bin", binary_files(), zipped=False)
    assert line_of(type_("list"), "cifar10").endswith(f" {tmp_path}")
    assert line_of(type_("where", "cifar10"), folder.name).split()[1:] == [str(folder), "unpacked"]
    assert not any(line.endswith("unpacked") for line in type_("where", "mnist").splitlines())
