"""A user's own .npz and .csv, and names that are neither known nor a path."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from test_data_check import refused

from minimalbp.data import load_dataset
from minimalbp.errors import BadInput

N = 20
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
    refused(lambda: load_dataset(path, dev=0.1), "mine has its own dev part of 5; leave dev= out")


@pytest.mark.parametrize(
    ("arrays", "fragments"),
    [
        ({"x": X[:0], "y": Y[:0]}, ["no examples"]),
        ({"x": X, "y": Y * 0}, ["every label is 0"]),
        ({"x": X, "y": Y[:-1]}, ["20 images but 19 labels"]),
        ({"x": X, "y": Y + 0.5}, ["label 0.5 is not a whole number"]),
        ({"x": X, "y": Y - 1}, ["label -1 is outside the classes"]),
        ({"x": np.where(X == 3, np.nan, X), "y": Y}, ["pixel (1, 1) of example 0 is NaN"]),
        ({"x": X * 1e300, "y": Y}, ["infinite", "float32"]),
        ({"x": X, "y": np.array(["a"] * N)}, ["labels must be whole numbers"]),
        (
            {"x_train": X, "y_train": Y, "x_test": X, "y_test": Y + 1},
            ["test: label 3 is outside the classes 0..2"],
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
    refused(lambda: load_dataset(path), "mine.npz: holds Python objects, never loaded")


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


# --- csv --------------------------------------------------------------------------------------------


def table(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "mine.csv"
    path.write_bytes(text.encode(encoding))
    return path


ROWS = "".join(f"{i},{i / 2},{('cat', 'ant', 'bee')[i % 3]}\n" for i in range(N))


@pytest.mark.parametrize("head", ["", "width,height,kind\n", "\ufeffwidth,2,kind\r\n", "\n"])
def test_csv_with_and_without_header(tmp_path, head):
    data = load_dataset(table(tmp_path, head + ROWS))
    assert data.classes == ("ant", "bee", "cat")
    assert (len(data.train), len(data.dev), len(data.test)) == (12, 4, 4)
    every = np.concatenate([data.train.x, data.dev.x, data.test.x])
    assert sorted(every[:, 0]) == list(range(N))
    first = data.train.x[0]
    assert data.classes[data.train.y[0]] == ("cat", "ant", "bee")[int(first[0]) % 3]
    assert first[1] == first[0] / 2


def test_csv_with_a_column_headed_label(tmp_path):
    rows = "".join(f"{10 * (i % 2)},{i},{i * i}\n" for i in range(N))
    data = load_dataset(table(tmp_path, "Label,a,b\n" + rows), dev=2, test=2)
    assert data.classes == ("0", "10")
    assert data.shape == (2,)
    assert (data.train.x[:, 1] == data.train.x[:, 0] ** 2).all()


def test_csv_header_of_numbers(tmp_path):
    rows = "".join(f"{i},{i},{i % 2}.0\n" for i in range(N))
    data = load_dataset(table(tmp_path, "0,1,kind\n" + rows))
    assert data.classes == ("0", "1")
    assert len(data.train) + len(data.dev) + len(data.test) == N


@pytest.mark.parametrize(
    ("text", "fragments"),
    [
        ("", ["no rows of numbers"]),
        ("a,b,label\n", ["no rows of numbers"]),
        ("1\n2\n", ["row 1 has one column"]),
        ("1,2,a\n\n1,2,3,b\n", ["row 3 has 4 columns, the first has 3"]),
        ("1,2,a\n1,x,b\n", ["row 2: 'x' is not a number"]),
        ("1,2,a\n1,,b\n", ["row 2: '' is not a number"]),
        ("1,2,a\n1,nan,b\n" * 5, ["pixel (1,) of example 1 is NaN"]),
        ("1,2,a\n1,1e99,b\n" * 5, ["is infinite"]),
        ("1,2,0.5\n1,2,1\n", ["label 0.5 is not whole"]),
        ("1,2,nan\n1,2,1\n", ["label nan is not whole"]),
        ("1,2,a\n1,2,\n", ["1 rows without a label"]),
        ("1,2,a\n1,2,a\n" * 5, ["every label is 0", "two classes"]),
        ("1,2,a\n1,2,b\n", ["dev 1, test 1 of 2 examples leave none"]),
        ('1,"2,a\n', ["not a table of comma-separated values"]),
    ],
)
def test_csv_refusals(tmp_path, text, fragments):
    refused(lambda: load_dataset(table(tmp_path, text)), "mine", *fragments)


def test_csv_of_another_encoding(tmp_path):
    refused(lambda: load_dataset(table(tmp_path, "1,2,é\n", "latin-1")), "not UTF-8 text (byte 4)")


# --- neither ----------------------------------------------------------------------------------------


def test_names_that_lead_nowhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(lambda: load_dataset("mnits"), "unknown data set or path 'mnits'; did you mean 'mnist'?")
    refused(lambda: load_dataset("gone.npz"), "gone.npz: no such file or folder", "digits, mnist")
    refused(lambda: load_dataset(Path("mnist")), "mnist: no such file or folder")
    (tmp_path / "notes.txt").write_text("x")
    refused(
        lambda: load_dataset("notes.txt"),
        "notes.txt: cannot be read as data; give an .npz, a .csv or a folder",
    )
    refused(lambda: load_dataset("digits", seed=0.5), "seed must be a whole number")
