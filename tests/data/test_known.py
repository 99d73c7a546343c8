"""Known sets: where they are looked for, what is refused, and the cache. A tiny set joins the registry."""

import gzip
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from helpers import refused
from known_sets import NAMES, put, tiny_files, tiny_set

from minimalbp.data import KNOWN, check_dataset, load_dataset
from minimalbp.data.known.cache import import_from, in_cache, store
from minimalbp.data.known.locations import cache_dir, locate, locations
from minimalbp.data.known.registry import file_by_hash, known_set
from minimalbp.data.raw_files import sha256


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setitem(KNOWN, "tiny", tiny_set())


def test_the_first_training_examples_only():
    whole, data = load_dataset("digits", dev=20), load_dataset("digits[:30]", dev=20)
    assert data.name == "digits[:30]" and len(data.train) == 30 and data.classes == whole.classes
    np.testing.assert_array_equal(data.train.x, whole.train.x[:30])
    np.testing.assert_array_equal(data.test.y, whole.test.y)
    for n in (0, 10**9):
        refused(
            lambda n=n: load_dataset(f"digits[:{n}]"), f"digits[:{n}]: the training part has 1079 examples"
        )
    refused(lambda: load_dataset("digits[3]"), "unknown data set or path 'digits[3]'")


# --- digits and the real MNIST ----------------------------------------------------------------------


def test_digits_have_one_fixed_division():
    data = load_dataset("digits")
    assert (data.name, data.source, data.shape, data.n_inputs) == ("digits", "scikit-learn", (8, 8), 64)
    assert (len(data.train), len(data.dev), len(data.test)) == (1079, 359, 359)
    assert data.classes == tuple("0123456789")
    assert (data.train.x.min(), data.train.x.max()) == (0, 1)
    for split in (data.train, data.dev, data.test):
        counts = np.bincount(split.y, minlength=10)
        assert counts.max() - counts.min() <= 8  # the classes themselves hold 174 to 183
    # literal: these very digits, divided in this very way, on every machine
    assert data.sha256["digits"] == "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"
    assert sha256(data.train.y.astype(np.uint8).tobytes()).startswith("66d192f89b1788bd")
    check_dataset(data)


def test_digits_divided_otherwise():
    other = load_dataset("digits", seed=1, dev=0.1, test=100)
    assert (len(other.train), len(other.dev), len(other.test)) == (1517, 180, 100)


def test_real_mnist(users_data):
    if any(locate(KNOWN["mnist"], file) is None for file in KNOWN["mnist"].files):
        pytest.skip("no copy of MNIST in MINIMALBP_DATA")
    data = load_dataset("mnist")
    assert (data.name, data.source, data.shape, data.n_inputs) == ("mnist", "$MINIMALBP_DATA", (28, 28), 784)
    assert (len(data.train), len(data.dev), len(data.test)) == KNOWN["mnist"].sizes
    assert data.dev.y[:8].tolist() == [5, 0, 4, 1, 9, 2, 1, 3]  # the first eight of the training file
    assert data.test.y[:8].tolist() == [7, 2, 1, 0, 4, 1, 4, 9]
    assert np.bincount(data.train.y).sum() == 55_000
    assert data.train.x.dtype == np.float32
    assert (data.train.x.min(), data.train.x.max()) == (0, 1)
    # the mean pixel of all 60,000, as everyone knows it
    mean = (data.train.x.mean(dtype=np.float64) * 55 + data.dev.x.mean(dtype=np.float64) * 5) / 60
    assert mean == pytest.approx(0.1307, abs=5e-5)


# --- lookup -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("where", ["data/tiny", "data", "cache/tiny"])
def test_found_in_each_location(tmp_path, monkeypatch, where, zipped):
    put(tmp_path / where, tiny_files(), zipped)
    if where.startswith("data"):
        monkeypatch.setenv("MINIMALBP_DATA", str(tmp_path / "data"))
    data = load_dataset("tiny")
    assert data.source == ("cache" if where.startswith("cache") else "$MINIMALBP_DATA")
    assert (len(data.train), len(data.dev), len(data.test)) == (9, 3, 6)
    assert data.dev.y.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(data.dev.x[1], np.array([[4, 5], [6, 7]], np.float32) / np.float32(255))
    assert data.classes == ("a", "b", "c")
    assert data.sha256 == {file.name: file.sha256 for file in KNOWN["tiny"].files}


def test_dev_is_the_first_training_images(tmp_path):
    put(tmp_path / "cache" / "tiny", tiny_files())
    assert load_dataset("tiny", dev=0.5).dev.y.tolist() == [0, 1, 2, 0, 1, 2]
    assert len(load_dataset("tiny", dev=2).train) == 10
    refused(lambda: load_dataset("tiny", dev=12), "tiny: dev 12 of 12 training images leaves none")
    refused(lambda: load_dataset("tiny", dev=-1), "dev must be a fraction")
    refused(lambda: load_dataset("tiny", test=3), "tiny has its own test part of 6; leave test= out")


def test_locations_in_order(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("MINIMALBP_DATA", str(tmp_path / "data"))
    kinds = [(p.kind, p.folder.relative_to(tmp_path).as_posix()) for p in locations("tiny")]
    assert kinds == [("$MINIMALBP_DATA", "data/tiny"), ("$MINIMALBP_DATA", "data"), ("cache", "cache/tiny")]
    monkeypatch.setenv("MINIMALBP_DATA", str(tmp_path / "gone"))
    refused(lambda: load_dataset("tiny"), "gone: no such folder", "MINIMALBP_DATA=")


def test_the_platform_names_the_cache(monkeypatch):
    monkeypatch.delenv("MINIMALBP_CACHE")
    assert "minimalbp" in str(cache_dir())


def test_two_sets_of_the_same_names_in_one_folder_are_told_apart(tmp_path, monkeypatch):
    monkeypatch.setitem(KNOWN, "twin", tiny_set("twin", shift=1))
    put(tmp_path / "data", tiny_files())
    put(tmp_path / "cache" / "twin", tiny_files(shift=1))
    monkeypatch.setenv("MINIMALBP_DATA", str(tmp_path / "data"))
    assert load_dataset("twin").source == "cache"
    assert load_dataset("tiny").source == "$MINIMALBP_DATA"


@pytest.mark.parametrize("where", ["data/tiny", "data", "cache/tiny"])
def test_wrong_content_is_refused_not_passed_over(tmp_path, monkeypatch, where):
    put(tmp_path / where, tiny_files())
    (tmp_path / "data").mkdir(exist_ok=True)
    monkeypatch.setenv("MINIMALBP_DATA", str(tmp_path / "data"))
    bad = tmp_path / where / (NAMES[1] + ".gz")
    bad.write_bytes(gzip.compress(b"something else"))
    expected = sha256(tiny_files()[NAMES[1]])
    refused(
        lambda: load_dataset("tiny"),
        f"{bad}: wrong content", sha256(b"something else"), f"expected {expected}", "data fetch tiny",
    )  # fmt: skip
    bad.write_bytes(b"\x1f\x8b cut")
    refused(lambda: load_dataset("tiny"), f"{bad}: corrupt or cut-short gzip")


def test_nothing_heavy_at_import():
    heavy = "{'pooch', 'requests', 'sklearn', 'PIL', 'tqdm'}"
    code = f"import sys, minimalbp.data; print(*{heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


# --- registry and cache -----------------------------------------------------------------------------


def test_the_registry_is_sound():
    for name in ("mnist", "fashion-mnist"):
        entry = known_set(name)
        assert len({file.sha256 for file in entry.files}) == 4
        assert all(len(file.sha256) == 64 for file in entry.files)
        assert len(entry.classes) == 10
        assert entry.mirrors[0].startswith("https://")
        assert all(url.endswith("/") for url in entry.mirrors)
        assert file_by_hash(entry.files[2].sha256) == (entry, entry.files[2])
    assert file_by_hash("0" * 64) is None
    refused(lambda: known_set("mnits"), "unknown data set 'mnits'; did you mean 'mnist'?")


def test_storing_replaces_other_spellings(tmp_path):
    entry = KNOWN["tiny"]
    put(tmp_path / "cache" / "tiny", {NAMES[1]: b"broken"}, zipped=False)
    path = store(entry, entry.files[1], gzip.compress(tiny_files()[NAMES[1]]))
    assert [p.name for p in path.parent.iterdir()] == [NAMES[1] + ".gz"]
    assert in_cache(entry, entry.files[1]) == path
    assert in_cache(entry, entry.files[0]) is None


def test_a_stored_file_is_there_whole_or_not_at_all(tmp_path, monkeypatch):
    entry, raw = KNOWN["tiny"], tiny_files()[NAMES[0]]
    store(entry, entry.files[0], raw)

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    refused(
        lambda: store(entry, entry.files[0], b"other"),
        "No space left", "set MINIMALBP_CACHE to a folder that can be written",
    )  # fmt: skip
    (path,) = (tmp_path / "cache" / "tiny").iterdir()
    assert path.read_bytes() == raw


def test_import_takes_files_by_content(tmp_path, monkeypatch):
    files = tiny_files()
    mine = tmp_path / "mine"
    (mine / "one" / "two" / "three").mkdir(parents=True)
    (mine / "pictures.bin").write_bytes(gzip.compress(files[NAMES[0]]))
    (mine / "one" / "labels").write_bytes(files[NAMES[1]])
    (mine / "one" / "two" / NAMES[2]).write_bytes(files[NAMES[2]])
    (mine / "one" / "two" / "again").write_bytes(files[NAMES[2]])
    (mine / "one" / "two" / "three" / NAMES[3]).write_bytes(files[NAMES[3]])
    (mine / "broken.gz").write_bytes(b"\x1f\x8b cut")
    (mine / "long.gz").write_bytes(gzip.compress(bytes(10**6)))
    (mine / "same-size").write_bytes(bytes(len(files[NAMES[0]])))
    monkeypatch.setitem(KNOWN, "mnist", replace(KNOWN["mnist"], files=()))  # no big file is looked for
    monkeypatch.setitem(KNOWN, "fashion-mnist", replace(KNOWN["fashion-mnist"], files=()))
    taken = [(entry.name, file.name, path.name) for entry, file, path in import_from(mine)]
    assert taken == [
        ("tiny", NAMES[0], "pictures.bin"), ("tiny", NAMES[1], "labels"), ("tiny", NAMES[2], "again"),
    ]  # fmt: skip
    cached = tmp_path / "cache" / "tiny"
    assert sorted(p.name for p in cached.iterdir()) == sorted([NAMES[0] + ".gz", NAMES[1], NAMES[2]])
    import_from(mine / "one" / "two")
    assert load_dataset("tiny").source == "cache"


def test_import_of_nothing(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a").write_text("hello")
    refused(lambda: import_from(tmp_path / "mine"), "no file in it", "SHA-256", "mnist")
    refused(lambda: import_from(tmp_path / "gone"), "gone: no such folder")
