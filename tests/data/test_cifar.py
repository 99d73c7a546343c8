"""CIFAR-10: both archives by name and hash, unpacked folders, and pickles that are never loaded."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from cifar_sets import (
    N,
    Python2Pickler,
    archives,
    arrays,
    binary_files,
    pack,
    pickled,
    pickled_files,
    small_cifar10,
)  # fmt: skip
from helpers import refused
from known_sets import put

from minimalbp.data import KNOWN, check_dataset, load_dataset
from minimalbp.data.formats.cifar import NAMES, SHAPE
from minimalbp.data.formats.cifar_pickle import parse_pickled
from minimalbp.data.known.cache import import_from
from minimalbp.data.known.fetch import fetch
from minimalbp.data.known.locations import missing
from minimalbp.data.known.registry import known_set
from minimalbp.data.raw_files import sha256

FILES = archives()
BINARY, PYTHON = FILES
OFFICIAL = KNOWN["cifar10"]
KINDS = pytest.mark.parametrize(
    ("folder", "make"), [("cifar-10-batches-bin", binary_files), ("cifar-10-batches-py", pickled_files)]
)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setitem(KNOWN, "cifar10", small_cifar10(FILES))


def place(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(FILES[name])
    return folder


def check_content(data, batches=5, first_dev=3):
    """The pictures and labels of all batches, as the official set is divided."""
    x, y = (np.concatenate(parts) for parts in zip(*map(arrays, range(batches))))
    x_test, y_test = arrays(5)
    for split, pixels, labels in (
        (data.dev, x[:first_dev], y[:first_dev]),
        (data.train, x[first_dev:], y[first_dev:]),
        (data.test, x_test, y_test),
    ):
        np.testing.assert_array_equal(split.x, pixels.astype(np.float32) / np.float32(255))
        np.testing.assert_array_equal(split.y, labels)
    assert data.shape == (3, 32, 32)
    assert data.classes[:2] + data.classes[8:] == ("airplane", "automobile", "ship", "truck")


def test_the_registry_is_the_official_one(monkeypatch):
    monkeypatch.undo()
    entry = known_set("cifar10")
    assert [(f.name, f.n_bytes) for f in entry.files] == [(BINARY, 170_052_171), (PYTHON, 170_498_071)]
    assert [f.sha256[:8] for f in entry.files] == ["c4a38c50", "6d958be0"]
    assert all(len(f.sha256) == 64 for f in entry.files)
    assert entry.mirrors[0] == "https://www.cs.toronto.edu/~kriz/" and not entry.packed
    assert (sum(entry.sizes), entry.sizes[1], len(entry.classes)) == (60_000, 5_000, 10)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("where", ["data/cifar10", "data", "cache/cifar10"])
def test_either_archive_in_each_location(tmp_path, monkeypatch, where, name):
    place(tmp_path / where, name)
    if where.startswith("data"):
        monkeypatch.setenv("MINIMALBP_DATA", str(tmp_path / "data"))
    data = load_dataset("cifar10")
    check_content(data)
    check_dataset(data)
    assert data.source == ("cache" if where.startswith("cache") else "$MINIMALBP_DATA")
    assert missing(KNOWN["cifar10"]) == []


def test_both_archives_have_one_fingerprint(tmp_path):
    place(tmp_path / "cache" / "cifar10", PYTHON)
    python = load_dataset("cifar10").sha256
    place(tmp_path / "cache" / "cifar10", BINARY)
    assert load_dataset("cifar10").sha256 == python
    assert python.keys() == {"cifar10"}


def test_dev_and_test_as_for_mnist(tmp_path):
    place(tmp_path / "cache" / "cifar10", BINARY)
    check_content(load_dataset("cifar10", dev=7), first_dev=7)
    assert len(load_dataset("cifar10[:5]").train) == 5
    refused(lambda: load_dataset("cifar10", dev=20), "dev 20 of 20 training images leaves none")
    refused(lambda: load_dataset("cifar10", test=2), "cifar10 has its own test part of 4")


def test_a_wrong_archive_is_refused(tmp_path):
    folder = place(tmp_path / "cache" / "cifar10", BINARY)
    (folder / BINARY).write_bytes(FILES[BINARY][:-1])
    refused(
        lambda: load_dataset("cifar10"),
        f"{BINARY}: wrong content: SHA-256 is ", f"expected {sha256(FILES[BINARY])}", "data fetch cifar10",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"hello", "not a whole archive"),
        (pack(binary_files(), "a")[:-300], "not a whole archive"),
        (pack({"notes": b""}, "a"), "data_batch_1: is not there; get or unpack CIFAR-10 again"),
        (pack(binary_files() | {"data_batch_3.bin": b"short"}, "a"), "data_batch_3.bin: 5 bytes are no whole"),
        (pack(binary_files() | {"test_batch.bin": b"\x0b" + bytes(3072)}, "a"), "label 11 is outside the classes"),
    ],
    ids=["text", "cut off", "other files", "short", "label"],  # packed bytes have the time in them
)  # fmt: skip
def test_archives_that_hold_something_else(tmp_path, monkeypatch, raw, why):
    monkeypatch.setitem(KNOWN, "cifar10", small_cifar10({BINARY: raw}))
    put(tmp_path / "cache" / "cifar10", {BINARY: raw}, zipped=False)
    refused(lambda: load_dataset("cifar10"), "cifar", why)


# --- real ones --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_real_archive(users_data, monkeypatch):
    monkeypatch.setitem(KNOWN, "cifar10", OFFICIAL)
    if missing(OFFICIAL):
        pytest.skip("no copy of CIFAR-10 in MINIMALBP_DATA")
    data = load_dataset("cifar10")
    assert (len(data.train), len(data.dev), len(data.test)) == OFFICIAL.sizes
    assert data.dev.y[:8].tolist() == [6, 9, 9, 4, 1, 1, 2, 7]
    assert data.test.y[:8].tolist() == [3, 8, 8, 0, 6, 6, 1, 6]
    mean = (data.train.x.mean((0, 2, 3), np.float64) * 9 + data.dev.x.mean((0, 2, 3), np.float64)) / 10
    np.testing.assert_allclose(mean, [0.4914, 0.4822, 0.4465], atol=5e-5)  # as everyone knows it


@pytest.mark.slow
def test_the_pictures_as_jpeg(users_data):
    pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    path = Path(os.environ["MINIMALBP_DATA"]) / "cifar10-jpeg" / "cifar10-jpeg-q75.tar.gz"
    if not path.exists():
        pytest.skip("no copy of CIFAR-10 as JPEG in MINIMALBP_DATA")
    data = load_dataset(f"{path}[:1000]", dev=5_000)
    assert (data.shape, data.classes) == ((3, 32, 32), OFFICIAL.classes)
    assert np.bincount(data.train.y).tolist() == [100] * 10
    assert np.bincount(data.dev.y).tolist() == [500] * 10
    assert np.bincount(data.test.y).tolist() == [1000] * 10


# --- fetched and imported ---------------------------------------------------------------------------


def test_the_binary_archive_is_fetched(tmp_path, monkeypatch, mirror):
    mirror.pages[f"/a/{BINARY}"] = FILES[BINARY]
    monkeypatch.setitem(KNOWN, "cifar10", small_cifar10(FILES, (f"{mirror.url}/none/", f"{mirror.url}/a/")))
    check_content(load_dataset("cifar10"))
    assert mirror.asked == [f"/none/{BINARY}", f"/a/{BINARY}"]
    assert [p.name for p in (tmp_path / "cache" / "cifar10").iterdir()] == [BINARY]
    lines = []
    assert fetch("cifar10", say=lines.append) == [tmp_path / "cache" / "cifar10" / BINARY]
    assert "already here, SHA-256 good" in lines[0] and len(mirror.asked) == 2


def test_the_other_archive_is_enough(tmp_path, monkeypatch, mirror):
    monkeypatch.setitem(KNOWN, "cifar10", small_cifar10(FILES, (f"{mirror.url}/a/",)))
    path = place(tmp_path / "cache" / "cifar10", PYTHON) / PYTHON
    assert fetch("cifar10") == [path] and mirror.asked == []


def test_without_network_one_of_them_is_asked_for():
    refused(
        lambda: load_dataset("cifar10"),
        "get one of these archives elsewhere and put it in", f"{BINARY} (SHA-256 ", f"{PYTHON} (SHA-256 ",
    )  # fmt: skip


def test_import_takes_an_archive_by_content(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "download").write_bytes(FILES[PYTHON])
    (tmp_path / "mine" / "same-size").write_bytes(bytes(len(FILES[PYTHON])))
    ((entry, file, path),) = import_from(tmp_path / "mine")
    assert (entry.name, file.name, path.name) == ("cifar10", PYTHON, "download")
    check_content(load_dataset("cifar10"))


# --- unpacked ---------------------------------------------------------------------------------------


@KINDS
@pytest.mark.parametrize("where", ["cifar10", ""])
def test_an_unpacked_archive_in_the_data_folder(tmp_path, monkeypatch, folder, make, where):
    monkeypatch.setenv("MINIMALBP_DATA", str(tmp_path))
    put(tmp_path / where / folder, make(), zipped=False)
    check_content(load_dataset("cifar10"))
    assert missing(KNOWN["cifar10"]) == []
    lines = []
    assert fetch("cifar10", say=lines.append) == [tmp_path / where / folder]
    assert lines == [f"{tmp_path / where / folder}  already here, unpacked"]
    put(tmp_path / where / folder, {next(iter(make())): next(iter(make().values()))[:-1]}, zipped=False)
    refused(lambda: load_dataset("cifar10"), str(tmp_path / where / folder / NAMES[0]), "get it again")


def test_an_unpacked_archive_that_lacks_pictures(tmp_path, monkeypatch):
    monkeypatch.setenv("MINIMALBP_DATA", str(tmp_path))
    files = binary_files()
    files["data_batch_2.bin"] = files["data_batch_2.bin"][:3073]
    folder = put(tmp_path / "cifar-10-batches-bin", files, zipped=False)
    refused(
        lambda: load_dataset("cifar10"),
        f"{folder}: 17 training and 4 test pictures, but cifar10 has 20 and 4", "unpack the archive again",
    )  # fmt: skip
    (folder / "data_batch_5.bin").unlink()
    refused(lambda: load_dataset("cifar10"), "data_batch_5.bin: is not there")


@KINDS
def test_a_folder_by_its_path(tmp_path, folder, make):
    data = load_dataset(put(tmp_path / folder, make(), zipped=False), dev=5)
    assert (data.name, data.shape) == (folder, (3, 32, 32))
    assert (len(data.train), len(data.dev), len(data.test)) == (15, 5, N)


@pytest.mark.parametrize("name", FILES)
def test_an_archive_by_its_path(tmp_path, name):
    data = load_dataset(place(tmp_path / "mine", name) / name, dev=5)
    assert (data.name, data.source) == (name.removesuffix(".tar.gz"), str(tmp_path / "mine" / name))
    assert (len(data.train), len(data.dev), len(data.test)) == (15, 5, N)


# --- pickles ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("pickler", [Python2Pickler, pickle.Pickler])
def test_a_pickle_is_read_without_loading_it(monkeypatch, pickler, order):
    raw = pickled(2, pickler, order)

    def never(*args, **kwargs):
        raise AssertionError("a pickle was loaded")

    for name in ("load", "loads", "Unpickler", "_Unpickler"):
        monkeypatch.setattr(pickle, name, never)
    x, y = parse_pickled(raw, "batch")
    expected_x, expected_y = arrays(2)
    np.testing.assert_array_equal(x.reshape(-1, *SHAPE), expected_x)
    np.testing.assert_array_equal(y, expected_y)


class Harmful:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_harmful_pickle_does_nothing(tmp_path):
    raw = pickle.dumps({"labels": Harmful(tmp_path / "harm")}, protocol=2)
    refused(lambda: parse_pickled(raw, "batch"), "batch: not a batch of CIFAR-10's python archive")
    pickle.loads(raw)  # which it would have done
    assert os.listdir(tmp_path) == ["harm"]


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"hello", pickle.dumps({}, 2), pickle.dumps({"labels": [300], "data": bytes(3072)}, 2),
        pickle.dumps({"labels": [1, 2], "data": bytes(3072)}, 2), pickled(0)[:-5000],
    ],
)  # fmt: skip
def test_what_is_no_batch(raw):
    refused(lambda: parse_pickled(raw, "batch"), "batch: not a batch", "or take the binary archive")


def test_any_one_byte_of_a_batch_may_be_wrong():
    good = pickled(0)
    head = good.index(b"data") + 200  # before the pixels
    for at in [*range(head), *range(len(good) - 150, len(good))]:
        raw = good[:at] + bytes([good[at] ^ 0x5A]) + good[at + 1 :]
        try:
            parse_pickled(raw, "batch")
        except Exception as e:
            assert type(e).__name__ == "BadInput", (at, e)
