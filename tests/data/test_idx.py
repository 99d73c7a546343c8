"""IDX files: the round trip of every type, and every way a file can be broken."""

import gzip
import zlib

import numpy as np
import pytest
from helpers import IDX_CODES, format_idx, refused
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minimalbp.data import load_dataset
from minimalbp.data.formats.idx import parse_idx
from minimalbp.data.raw_files import one_line, read_raw
from minimalbp.errors import BadInput

TINY = np.arange(24, dtype=np.uint8).reshape(4, 2, 3)


@given(
    st.sampled_from(sorted(IDX_CODES, key=str)).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(max_dims=5, min_side=0, max_side=4))
    )
)
def test_round_trip(array):
    back = parse_idx(format_idx(array))
    assert back.dtype == array.dtype
    assert back.dtype.isnative
    assert back.flags.writeable
    np.testing.assert_array_equal(back, array)


def test_header_is_the_published_one():
    assert format_idx(TINY)[:16] == bytes([0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 3])
    assert format_idx(np.array([258], np.int16)) == bytes([0, 0, 11, 1, 0, 0, 0, 1, 1, 2])


@given(st.binary(max_size=40))
@example(b"\0\0\x08\x04" + b"\0\0\0\0" + b"\xff" * 12)
def test_any_bytes_are_read_or_refused(raw):
    for prefix in (b"", b"\0\0\x08\x01", b"\0\0\x0e\x02"):
        try:
            parse_idx(prefix + raw)
        except BadInput as e:
            assert "\n" not in str(e)


GOOD = format_idx(TINY)


@pytest.mark.parametrize(
    ("raw", "fragments"),
    [
        (b"", ["not an IDX file", "begins with nothing"]),
        (b"\x89PNG...", ["not an IDX file", "89 50 4e 47"]),
        (b"\0\0\x07" + GOOD[3:], ["type code 07 is unknown", "08, 09, 0b, 0c, 0d, 0e"]),
        (b"\0\0\x08\0", ["0 dimensions in its header, but an IDX file has 1 to 32"]),
        (b"\0\0\x08\x40" + GOOD[4:], ["64 dimensions"]),
        (GOOD[:10], ["cut short: 10 bytes", "header alone takes 16"]),
        (GOOD[:-1], ["cut short: 39 bytes", "header says 4x2x3 (3 dimensions) of 1 bytes", "take 40"]),
        (GOOD + b"\0", ["too long: 41 bytes", "take 40"]),
        (b"\0\0\x08\x04" + b"\0\0\0\0" + b"\xff" * 12, ["sizes 0x4294967295x"]),
    ],
)
def test_broken_bytes(raw, fragments):
    refused(lambda: parse_idx(raw, "some/file"), "some/file: ", *fragments)


def corrupt_body(data):
    body = bytearray(data)
    body[len(body) // 2] ^= 0xFF
    return bytes(body)


@pytest.mark.parametrize(
    "broken", [lambda d: d[: len(d) // 2], lambda d: d[:-4], corrupt_body, lambda d: d[:12], lambda d: d[:2]]
)
def test_broken_gzip(tmp_path, broken):
    path = tmp_path / "images.gz"
    path.write_bytes(broken(gzip.compress(format_idx(np.arange(4000, dtype=np.int32)))))
    refused(lambda: read_raw(path), str(path), "corrupt or cut-short gzip", "get the file again")


def test_a_missing_file(tmp_path):
    refused(lambda: read_raw(tmp_path / "gone"), "gone: cannot be read: No such file")


def test_errors_of_others_become_one_short_line():
    assert one_line(zlib.error("a\n b")) == "a b"
    assert one_line(EOFError()) == "EOFError"
    assert len(one_line(ValueError("x" * 500))) == 120


# --- a user's folder of IDX files -------------------------------------------------------------------


def put(folder, name, array, *, zipped=False):
    data = format_idx(array)
    (folder / (name + ".gz" * zipped)).write_bytes(gzip.compress(data) if zipped else data)


def put_train(folder, n=20, **how):
    x = np.arange(n * 6, dtype=np.uint8).reshape(n, 2, 3)
    put(folder, "train-images-idx3-ubyte", x, **how)
    put(folder, "train-labels-idx1-ubyte", (np.arange(n) % 2).astype(np.uint8), **how)
    return x


def put_test(folder, x=TINY, y=(0, 1, 0, 1), **how):
    put(folder, "t10k-images-idx3-ubyte", x, **how)
    put(folder, "t10k-labels-idx1-ubyte", np.array(y, np.uint8), **how)


@pytest.mark.parametrize("zipped", [False, True])
def test_idx_folder(tmp_path, zipped):
    x = put_train(tmp_path, zipped=zipped)
    put_test(tmp_path, zipped=zipped)
    data = load_dataset(tmp_path, dev=5)
    assert (len(data.train), len(data.dev), len(data.test)) == (15, 5, 4)
    assert (data.name, data.source, data.shape) == (tmp_path.name, str(tmp_path), (2, 3))
    np.testing.assert_array_equal(data.test.x, TINY.astype(np.float32) / np.float32(255))
    assert data.train.x.max() == x.max() / np.float32(255)
    assert sorted(data.sha256)[0] == "t10k-images-idx3-ubyte"


def test_idx_folder_with_dots_and_train_only(tmp_path):
    put_train(tmp_path)
    for path in list(tmp_path.iterdir()):
        path.rename(tmp_path / path.name.replace("-idx", ".idx"))
    data = load_dataset(str(tmp_path))
    assert (len(data.train), len(data.dev), len(data.test)) == (12, 4, 4)


def test_idx_folder_refusals(tmp_path):
    put_train(tmp_path)
    put_test(tmp_path, y=(0, 1, 0, 7))
    refused(lambda: load_dataset(tmp_path), "test: example 3: label 7 is outside the classes 0..1")
    put_test(tmp_path, y=(0, 1, 0))
    refused(lambda: load_dataset(tmp_path), "4 examples but 3 labels")
    put_test(tmp_path, x=TINY.reshape(4, 3, 2))
    refused(lambda: load_dataset(tmp_path), "examples of shape (3, 2)", "train have (2, 3)")
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    refused(
        lambda: load_dataset(tmp_path), "t10k-labels-idx1-ubyte (or t10k-labels-idx1-ubyte.gz) is missing"
    )


def test_idx_labels_below_zero_are_refused(tmp_path):
    put_train(tmp_path)
    put(tmp_path, "train-labels-idx1-ubyte", (np.arange(20) % 2 - 1).astype(np.int8))
    path = tmp_path / "train-labels-idx1-ubyte"
    refused(lambda: load_dataset(tmp_path), f"{path}: example 0: label -1 is outside the classes")


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"])
def test_idx_dimensions_that_do_not_fit(tmp_path, name):
    images = put_train(tmp_path)
    labels = np.zeros(20, np.uint8)
    expected = "a file of images has 2 to 4" if "images" in name else "a file of labels has 1"
    wrong = labels if "images" in name else images
    put(tmp_path, name, wrong)  # as if swapped
    found = f"{wrong.ndim} dimension" + "s" * (wrong.ndim > 1)
    refused(
        lambda: load_dataset(tmp_path),
        f"{tmp_path / name}: {found} in its header, but {expected}", "swapped",
    )  # fmt: skip
    whole = format_idx(images)
    (tmp_path / name).write_bytes(whole[:3] + b"\x09" + whole[4:])  # sizes would be read from the pixels
    refused(lambda: load_dataset(tmp_path), f"{tmp_path / name}: 9 dimensions in its header, but {expected}")
