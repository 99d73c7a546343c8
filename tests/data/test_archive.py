"""A folder of pictures or IDX files, packed in one archive."""

import io
import tarfile

import numpy as np
import pytest
from helpers import refused
from known_sets import put, tiny_files

from minimalbp.data import load_dataset
from minimalbp.data.formats import archive


def pack(path, folder, inside=""):
    with tarfile.open(path, "w" if path.suffix == ".tar" else "w:gz") as tar:
        tar.add(folder, arcname=inside)
    return path


@pytest.fixture
def pictures(tmp_path):
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    for part, n in (("train", 6), ("test", 2)):
        for c, name in enumerate("ab"):
            folder = tmp_path / "pictures" / part / name
            folder.mkdir(parents=True)
            for i in range(n):
                image.fromarray(np.full((2, 3), 100 * c + i, np.uint8)).save(folder / f"{i}.png")
    return tmp_path / "pictures"


@pytest.mark.parametrize("name", ["mine.tar.gz", "mine.TGZ", "mine.tar"])
@pytest.mark.parametrize("inside", ["", "deep"])
def test_a_packed_folder_is_read_as_the_folder(tmp_path, pictures, name, inside):
    packed, folder = load_dataset(pack(tmp_path / name, pictures, inside)), load_dataset(pictures)
    assert (packed.name, packed.source) == ("mine", str(tmp_path / name))
    assert packed.sha256 == folder.sha256
    for part in ("train", "dev", "test"):
        np.testing.assert_array_equal(getattr(packed, part).x, getattr(folder, part).x)
        np.testing.assert_array_equal(getattr(packed, part).y, getattr(folder, part).y)


def test_idx_files_and_cuts(tmp_path):
    put(tmp_path / "idx", tiny_files())
    assert len(load_dataset(f"{pack(tmp_path / 'mine.tar', tmp_path / 'idx')}[:3]").train) == 3


def test_messages_name_the_file_in_the_archive(tmp_path, pictures):
    (pictures / "train" / "a" / "3.png").write_bytes(b"hello")
    path = pack(tmp_path / "mine.tar.gz", pictures, "deep")
    refused(lambda: load_dataset(path), f"{path}/deep/train/a/3.png: not a picture")


@pytest.mark.parametrize("raw", [b"", b"hello", b"\x1f\x8b cut"])
def test_no_archive(tmp_path, raw):
    path = tmp_path / "mine.tar.gz"
    path.write_bytes(raw)
    refused(lambda: load_dataset(path), f"{path}: not a whole archive")


def test_an_archive_cannot_write_elsewhere(tmp_path):
    path = tmp_path / "mine.tar"
    with tarfile.open(path, "w") as tar:
        member = tarfile.TarInfo("../../elsewhere.txt")
        member.size = 1
        tar.addfile(member, io.BytesIO(b"x"))
    refused(lambda: load_dataset(path), f"{path}: not a whole archive, or an unsafe one")


def test_without_safe_unpacking_there_is_none(tmp_path, pictures, monkeypatch):
    path = pack(tmp_path / "mine.tar", pictures)
    monkeypatch.delattr(archive.tarfile, "data_filter")
    refused(lambda: load_dataset(path), "cannot unpack archives safely; unpack it and give the folder")
