"""A user's own .npz, and names that are neither known nor a path that can be read."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers import refused

from minimalbp.data import load_dataset
from minimalbp.errors import BadInput

N = 20
ACCEPTED = "give an .npz, a .csv, a folder, or a .tar.gz of pictures"
X = (np.arange(N * 4) % 256).astype(np.uint8).reshape(N, 2, 2)
Y = np.arange(N) % 3


# --- npz --------------------------------------------------------------------------------------------


def npz(tmp_path, **arrays):
    path = tmp_path / "mine.npz"
    np.savez(path, **arrays)
    return path


def test_npz_of_one_part_is_divided(tmp_path):
    path = npz(tmp_path, x=X, y=Y.astype(np.float64))
    data = load_dataset(path, seed=1)
    assert (data.name, data.source) == ("mine", str(path))
    assert (len(data.train), len(data.dev), len(data.test)) == (12, 4, 4)
    assert data.train.x.dtype == np.float32
    assert data.train.x.max() <= 1
    assert len(data.sha256["mine.npz"]) == 64
    again = load_dataset(str(path), seed=1)
    np.testing.assert_array_equal(data.train.x, again.train.x)


def test_npz_of_all_parts_is_left_as_it_is(tmp_path):
    x = X.astype(np.float64)
    path = npz(tmp_path, x_train=x, y_train=Y, x_dev=x[:5], y_dev=Y[:5], x_test=x[5:9], y_test=Y[5:9])
    data = load_dataset(path)
    np.testing.assert_array_equal(data.train.x, x)
    np.testing.assert_array_equal(data.dev.x, x[:5])
    np.testing.assert_array_equal(data.test.y, Y[5:9])
    refused(lambda: load_dataset(path, dev=0.1), "mine.npz has its own dev part of 5; leave dev= out")


@pytest.mark.parametrize(
    ("arrays", "fragments"),
    [
        ({"x": X[:0], "y": Y[:0]}, ["no examples"]),
        ({"x": X, "y": Y * 0}, ["every label is 0"]),
        ({"x": X, "y": Y[:-1]}, ["20 examples but 19 labels"]),
        ({"x": X, "y": Y + 0.5}, ["label 0.5 is not a whole number"]),
        ({"x": X, "y": Y - 1}, ["mine.npz: example 0: label -1 is outside the classes"]),
        ({"x": np.where(X == 3, np.nan, X), "y": Y}, ["value (1, 1) of example 0 is NaN"]),
        ({"x": X * 1e300, "y": Y}, ["infinite", "float32"]),
        ({"x": X, "y": np.array(["a"] * N)}, ["labels must be whole numbers"]),
        (
            {"x_train": X, "y_train": Y, "x_test": X, "y_test": Y + 1},
            ["mine.npz test: example 2: label 3 is outside the classes 0..2"],
        ),
        ({"x_train": X, "y_train": Y, "x_dev": X[:, :1], "y_dev": Y}, ["dev: examples of shape (1, 2)"]),
        ({"x": X}, ["x is there but y is not"]),
        ({"x_train": X, "y_train": Y, "y_test": Y}, ["y_test is there but x_test is not"]),
        ({"images": X, "y": Y, "x": X}, ["unknown arrays images", "x and y, or x_train"]),
        ({"x": X, "y": Y, "x_train": X, "y_train": Y}, ["holds parts all and train"]),
        ({"x": X, "y": Y, "x_test": X, "y_test": Y}, ["holds parts all and test"]),
        ({"x_test": X, "y_test": Y}, ["holds parts test"]),
        ({}, ["holds no arrays"]),
    ],
)
def test_npz_refusals(tmp_path, arrays, fragments):
    refused(lambda: load_dataset(npz(tmp_path, **arrays)), "mine", *fragments)


def test_npz_of_objects_is_never_unpickled(tmp_path):
    path = npz(tmp_path, x=np.array([{}, []], dtype=object), y=Y)
    refused(lambda: load_dataset(path), "mine.npz: holds Python objects, which are never loaded")


def corrupt(data):
    body = bytearray(data)
    body[200] ^= 0xFF
    return bytes(body)


def bad_header(data):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as z:
        z.writestr("x.npy", b"\x93NUMPY\x01\x00\x10\x00{'descr': garbage\n")
    return file.getvalue()


def no_array(data):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as z:
        z.writestr("x", "hello")
    return file.getvalue()


@pytest.mark.parametrize(
    ("broken", "fragment"),
    [
        (lambda d: b"", "not an .npz file"),
        (lambda d: b"hello", "not an .npz file"),
        (lambda d: d[: len(d) // 2], "corrupt or cut-short .npz"),
        (lambda d: d[:-1], "corrupt or cut-short .npz"),
        (corrupt, "corrupt or cut-short .npz"),
        (no_array, "holds files that are not arrays"),
        (bad_header, "corrupt or cut-short .npz"),
    ],
)
def test_broken_npz(tmp_path, broken, fragment):
    path = npz(tmp_path, x=X, y=Y)
    path.write_bytes(broken(path.read_bytes()))
    refused(lambda: load_dataset(path), str(path), fragment)


@pytest.mark.parametrize("compress", [False, True])
def test_any_one_byte_of_an_npz_may_be_wrong(tmp_path, compress):
    path = tmp_path / "mine.npz"
    (np.savez_compressed if compress else np.savez)(path, x=X, y=Y)
    good = path.read_bytes()
    for at in range(0, len(good), 3):
        path.write_bytes(good[:at] + bytes([good[at] ^ 0x5A]) + good[at + 1 :])
        try:
            load_dataset(path)
        except BadInput as e:
            assert "\n" not in str(e)


# --- neither ----------------------------------------------------------------------------------------


def test_names_that_lead_nowhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(lambda: load_dataset("mnits"), "unknown data set or path 'mnits'; did you mean 'mnist'?")
    accepted = f"(known: cifar10, digits, fashion-mnist, mnist); or {ACCEPTED}"
    refused(lambda: load_dataset("x" * 5000), "unknown data set or path", accepted)
    for gone in ("gone.npz", "no/such/folder", Path("mnist"), "~nobody-here/x"):
        refused(lambda gone=gone: load_dataset(gone), f"{gone}: no such file or folder; check the path")
    (tmp_path / "notes.txt").write_text("x")
    refused(
        lambda: load_dataset("notes.txt"),
        f"notes.txt: cannot be read as data; {ACCEPTED}",
    )
    refused(lambda: load_dataset("digits", seed=0.5), "seed must be a whole number")


def test_what_is_neither_file_nor_folder(tmp_path):
    refused(
        lambda: load_dataset(os.devnull),
        f"{os.devnull}: a character device, which cannot be read as data; {ACCEPTED}",
    )
    os.mkfifo(tmp_path / "pipe.csv")
    refused(lambda: load_dataset(tmp_path / "pipe.csv"), "pipe.csv: a pipe, which cannot be read as data")


@pytest.mark.parametrize(
    "y", [np.full((10, 3), 0.3), -np.eye(10, 3, dtype=int)[::-1], np.array(np.nan)], ids=str
)
def test_labels_that_are_not_one_for_each_example(tmp_path, y):
    np.savez(tmp_path / "soft.npz", x=np.ones((10, 4), np.float32), y=y)
    with pytest.raises(BadInput, match="one class number for each example"):
        load_dataset(tmp_path / "soft.npz")
