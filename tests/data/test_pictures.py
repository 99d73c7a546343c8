"""Folders of class folders of pictures."""

import sys

import numpy as np
import pytest
from helpers import refused

from minimalbp.data import load_dataset

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")


def put(root, name, array, mode=None):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(np.asarray(array))
    (image if mode is None else image.convert(mode)).save(path)
    return path


def grey(value):
    return np.full((2, 3), value, np.uint8)


def colour(value):
    return np.stack([grey(value), grey(value + 1), grey(value + 2)], axis=-1)


def fill(root, classes="ba", n=5, make=grey, suffix=".png"):
    for c, name in enumerate(classes):
        for i in range(n):
            put(root, f"{name}/{i}{suffix}", make(100 * c + i))


def test_grey_pictures(tmp_path):
    fill(tmp_path)
    (tmp_path / "b" / "notes.txt").write_text("not a picture")
    (tmp_path / "Thumbs.db").write_bytes(b"of another program")
    (tmp_path / "a" / ".DS_Store").write_bytes(b"of another program")
    put(tmp_path, ".hidden/a/0.png", grey(0))
    data = load_dataset(tmp_path, seed=2)
    assert (data.classes, data.shape) == (("a", "b"), (2, 3))
    assert (len(data.train), len(data.dev), len(data.test)) == (6, 2, 2)
    for split in (data.train, data.dev, data.test):
        assert ((split.x[:, 0, 0] * 255 >= 99.5) == (split.y == 0)).all()  # class "a" is the bright one
        assert np.unique(split.y).tolist() == [0, 1]
    assert data.source == str(tmp_path)


def test_fingerprint_follows_content_and_names(tmp_path):
    fill(tmp_path)
    before = load_dataset(tmp_path).sha256["pictures"]
    (tmp_path / "a" / "0.png").rename(tmp_path / "a" / "9.png")
    assert load_dataset(tmp_path).sha256["pictures"] != before


def test_colour_pictures_in_three_parts(tmp_path):
    fill(tmp_path / "train", make=colour, suffix=".BMP")
    fill(tmp_path / "dev", n=2, make=colour)
    put(tmp_path / "test", "b/x.png", colour(7), mode="RGBA")
    data = load_dataset(tmp_path)
    assert data.shape == (3, 2, 3)
    assert (len(data.train), len(data.dev), len(data.test)) == (10, 4, 1)
    np.testing.assert_allclose(data.test.x[0, :, 1, 2] * 255, [7, 8, 9], rtol=1e-6)
    assert data.test.y.tolist() == [1]


def test_a_class_may_be_called_train(tmp_path):
    fill(tmp_path, classes=["train", "boat"])
    assert load_dataset(tmp_path).classes == ("boat", "train")


@pytest.mark.parametrize("stray", ["0.png", "a/deep/0.jpg", "a/deep/er/0.png"])
def test_pictures_outside_the_class_folders(tmp_path, stray, monkeypatch):
    fill(tmp_path)
    put(tmp_path, stray, grey(0))
    refused(
        lambda: load_dataset(tmp_path),
        f"{tmp_path / stray}: does not lie directly in a class folder", f"move it to {tmp_path / 'CLASS'}, or out",
    )  # fmt: skip
    monkeypatch.chdir(tmp_path)
    refused(lambda: load_dataset("."), f"{stray}: does not lie directly in a class folder")


@pytest.mark.parametrize("stray", ["test/0.png", "val/a/0.png"])
def test_pictures_outside_the_parts(tmp_path, stray):
    fill(tmp_path / "train")
    fill(tmp_path / "dev")
    put(tmp_path, stray, grey(0))
    layout = f"{tmp_path / 'train' / 'CLASS'} or {tmp_path / 'dev' / 'CLASS'}"
    refused(lambda: load_dataset(tmp_path), f"{tmp_path / stray}: does not lie directly", layout)


def test_grey_and_colour_do_not_mix(tmp_path):
    fill(tmp_path)
    odd = put(tmp_path, "a/0.png", colour(7))  # the first to be read
    refused(
        lambda: load_dataset(tmp_path),
        f"{odd}: a colour picture (mode RGB), one of 1 among 9 grey ones", "save all in grey",
    )  # fmt: skip
    fill(tmp_path, make=colour)
    odd = put(tmp_path, "b/3.png", grey(7), mode="1")
    refused(lambda: load_dataset(tmp_path), f"{odd}: a grey picture (mode 1), one of 1 among 9 colour ones")


def test_refusals(tmp_path):
    refused(lambda: load_dataset(tmp_path), str(tmp_path), "no class folders of pictures and no IDX files")
    fill(tmp_path, classes="a")
    refused(lambda: load_dataset(tmp_path), "every label is 0", "at least two classes")
    fill(tmp_path)
    odd = put(tmp_path, "b/odd.png", np.zeros((3, 3), np.uint8))
    refused(lambda: load_dataset(tmp_path), "odd.png: 3x3 pixels, but", "has 3x2", "one size")
    odd.unlink()
    deep = put(tmp_path, "b/deep.png", np.full((2, 3), 999, np.uint16))
    refused(lambda: load_dataset(tmp_path), "deep.png: more than 8 bits a pixel")
    deep.unlink()
    good = (tmp_path / "b" / "1.png").read_bytes()
    for broken, why in (
        (b"", "not a picture: the file is empty"), (b"hello", "not a picture: the file is cut short or in no"),
        (good[:40], "not a picture: the file is cut short"), (good[:-25], "not a whole picture ("),
    ):  # fmt: skip
        (tmp_path / "b" / "1.png").write_bytes(broken)
        message = refused(lambda: load_dataset(tmp_path), f"1.png: {why}", "replace or remove it")
        assert "BytesIO" not in message
    (tmp_path / "b" / "1.png").write_bytes(good)
    (tmp_path / "c").mkdir()
    refused(lambda: load_dataset(tmp_path), "c: no pictures in this class folder")


def test_a_test_class_that_train_lacks(tmp_path):
    fill(tmp_path / "train")
    fill(tmp_path / "test", classes="abz")
    refused(lambda: load_dataset(tmp_path), "test: label 'z' is outside the classes of train (a, b)")


def test_too_many_pixels(tmp_path, monkeypatch):
    fill(tmp_path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2)
    refused(lambda: load_dataset(tmp_path), "not a whole picture")


def test_without_pillow(tmp_path, monkeypatch):
    fill(tmp_path)
    monkeypatch.setitem(sys.modules, "PIL", None)
    refused(lambda: load_dataset(tmp_path), "pictures need Pillow", "pip install 'minimalbp[pictures]'")
