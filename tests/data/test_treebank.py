"""Treebanks by name, as a user's folder, as one file; and the real English Web Treebank."""

import gzip
from pathlib import Path

import known_sets
import pytest
from helpers import refused
from trees import conllu

import minimalbp as mbp
from minimalbp.data import KNOWN, KnownFile, KnownSet, load_dataset, load_treebank
from minimalbp.data.known.cache import import_from
from minimalbp.data.known.fetch import fetch
from minimalbp.data.known.locations import locate
from minimalbp.data.known.registry import file_by_hash
from minimalbp.data.raw_files import sha256


def text(first, n=1):
    """n sentences of two words, the first of which is numbered."""
    return "".join(conllu(f"1 {first}{i} NOUN NN 2 nsubj", "2 ends VERB VBZ 0 root") for i in range(n))


FILES = {
    f"en_tiny-ud-{part}.conllu": text(part, n).encode() for part, n in (("train", 4), ("dev", 2), ("test", 1))
}


def tiny_bank(mirrors=()):
    files = tuple(KnownFile(name, sha256(raw), len(raw)) for name, raw in FILES.items())
    return KnownSet(
        "tiny-bank", "for tests", "none", (4, 2, 1), (), (), files, mirrors, packed="", treebank=True
    )


def put(folder, files=FILES, zipped=False):
    return known_sets.put(folder, files, zipped)


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setitem(KNOWN, "tiny-bank", tiny_bank())


def check(bank, name, source):
    assert (bank.name, bank.source, bank.division) == (name, source, "as distributed")
    assert [len(part) for part in (bank.train, bank.dev, bank.test)] == [4, 2, 1]
    assert bank.dev[1].forms == ("dev1", "ends")
    assert sorted(bank.sha256.values()) == sorted(map(sha256, FILES.values()))


# --- by name --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("where", ["data/tiny-bank", "data", "cache/tiny-bank"])
def test_a_known_treebank_is_found_in_each_location(tmp_path, monkeypatch, where, zipped):
    put(tmp_path / where, zipped=zipped)
    if where.startswith("data"):
        monkeypatch.setenv("MINIMALBP_DATA", str(tmp_path / "data"))
    bank = mbp.load_treebank("tiny-bank")
    check(bank, "tiny-bank", "cache" if where.startswith("cache") else "$MINIMALBP_DATA")
    assert bank.sha256 == {name: sha256(raw) for name, raw in FILES.items()}


def test_wrong_content_is_refused(tmp_path):
    put(tmp_path / "cache" / "tiny-bank", {**FILES, "en_tiny-ud-dev.conllu": b"other"})
    refused(
        lambda: load_treebank("tiny-bank"), "en_tiny-ud-dev.conllu: wrong content", "data fetch tiny-bank"
    )


@pytest.mark.parametrize("zipped", [True, False])
def test_it_is_fetched_under_its_plain_names(tmp_path, monkeypatch, mirror, zipped):
    mirror.pages = {f"/r1/{name}": gzip.compress(raw) if zipped else raw for name, raw in FILES.items()}
    monkeypatch.setitem(KNOWN, "tiny-bank", tiny_bank((f"{mirror.url}/r1/",)))
    check(load_treebank("tiny-bank"), "tiny-bank", "cache")
    assert mirror.asked == [f"/r1/{name}" for name in FILES]
    assert len(fetch("tiny-bank")) == 3
    assert len(mirror.asked) == 3  # all there: nothing is asked for again


def test_import_takes_it_by_content(tmp_path):
    put(tmp_path / "mine" / "deep", {f"{i}.txt": raw for i, raw in enumerate(FILES.values())}, zipped=True)
    assert len(import_from(tmp_path / "mine")) == 3
    check(load_treebank("tiny-bank"), "tiny-bank", "cache")


def test_the_registered_treebank():
    entry = KNOWN["ud-english-ewt"]
    assert entry.treebank
    assert len({file.sha256 for file in entry.files}) == 3
    assert [file.name for file in entry.files] == [f"en_ewt-ud-{p}.conllu" for p in ("train", "dev", "test")]
    assert entry.mirrors[0].startswith("https://")
    assert file_by_hash(entry.files[1].sha256) == (entry, entry.files[1])


def test_each_loader_names_the_other(tmp_path):
    refused(
        lambda: load_dataset("ud-english-ewt"),
        "ud-english-ewt is a treebank", "minimalbp.load_treebank('ud-english-ewt')",
    )  # fmt: skip
    refused(
        lambda: load_treebank("mnist"),
        "mnist is not a treebank; load it with minimalbp.load_dataset('mnist'), or train with --task classify",
    )
    refused(lambda: load_treebank("ud-english-etw"), "did you mean 'ud-english-ewt'?", "give a .conllu file")
    path = put(tmp_path / "mine", zipped=True) / "en_tiny-ud-dev.conllu.gz"
    refused(
        lambda: load_dataset(str(path)), "dev.conllu.gz: a treebank; read it with minimalbp.load_treebank"
    )


# --- a user's own ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zipped", [True, False])
def test_a_folder(tmp_path, zipped):
    folder = put(tmp_path / "mine", zipped=zipped)
    check(load_treebank(folder), "mine", str(folder))
    check(load_treebank(str(folder)), "mine", str(folder))


def test_a_folder_lacks_a_part_or_has_one_twice(tmp_path):
    folder = put(tmp_path / "mine")
    put(folder, zipped=True)
    refused(lambda: load_treebank(folder), "2 files could be the train part (en_tiny-ud-train.conllu, ")
    for path in folder.glob("*dev*"):
        path.unlink()
    (folder / "en_tiny-ud-train.conllu").unlink()
    refused(
        lambda: load_treebank(folder), f"{folder}: no dev part; put one *dev*.conllu or *dev*.conllu.gz there"
    )


def test_a_fault_in_a_folder_is_named_by_file_and_line(tmp_path):
    folder = put(tmp_path / "mine", {**FILES, "en_tiny-ud-test.conllu": b"1\tx\n"})
    refused(lambda: load_treebank(folder), f"{folder / 'en_tiny-ud-test.conllu'}, line 1: 2 columns, not 10")


@pytest.mark.parametrize(
    "n, sizes", [(3, (1, 1, 1)), (19, (17, 1, 1)), (20, (16, 2, 2)), (101, (81, 10, 10))]
)
def test_one_file_is_cut_in_its_order(tmp_path, n, sizes):
    path = tmp_path / "all.conllu.gz"
    path.write_bytes(gzip.compress(text("w", n).encode()))
    bank = load_treebank(path)
    assert (len(bank.train), len(bank.dev), len(bank.test)) == sizes
    assert [s.forms[0] for s in bank.train + bank.dev + bank.test] == [f"w{i}" for i in range(n)]
    assert bank.name == "all"
    train, dev, test = sizes
    assert bank.division == f"cut from one file in its order: {train}, {dev} and {test} of {n} sentences"
    assert bank.sha256 == {"all.conllu.gz": sha256(text("w", n).encode())}


def test_what_is_no_treebank(tmp_path):
    (tmp_path / "two.conllu").write_text(text("w", 2))
    refused(lambda: load_treebank(tmp_path / "two.conllu"), "2 of the 3 sentences needed")
    refused(lambda: load_treebank("/dev/null"), "neither a file nor a folder")
    refused(lambda: load_treebank(tmp_path / "none"), "unknown treebank or path")


def test_sentences_without_heads_are_let_through_where_asked(tmp_path):
    path = tmp_path / "tags.conllu"
    path.write_text(conllu("1 a NOUN NN _ _") * 3)
    refused(lambda: load_treebank(path), "line 2: the word has no head")
    assert load_treebank(path, trees=False).train[0].heads == (-1,)


# --- the real one ---------------------------------------------------------------------------------------------


def test_real_english_web_treebank(real_treebank):
    bank = real_treebank
    parts = (bank.train, bank.dev, bank.test)
    assert bank.source == "$MINIMALBP_DATA"
    assert tuple(map(len, parts)) == KNOWN["ud-english-ewt"].sizes
    assert [sum(map(len, part)) for part in parts] == [204_577, 25_147, 25_094]
    assert " ".join(bank.dev[0].forms) == "From the AP comes this story :"
    assert bank.dev[0].heads == (3, 3, 4, 0, 6, 4, 4)
    for file, part in zip(KNOWN["ud-english-ewt"].files, parts):
        path = locate(KNOWN["ud-english-ewt"], file)[1]
        assert sha256(mbp.data.format_conllu(part).encode()) == file.sha256, Path(path).name
