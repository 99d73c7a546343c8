"""A folder of pictures, packed in one archive."""

import tarfile

import numpy as np
import pytest
from helpers import refused

from minimalbp.data import load_dataset


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


def test_messages_name_the_file_in_the_archive(tmp_path, pictures):
    (pictures / "train" / "a" / "3.png").write_bytes(b"hello")
    path = pack(tmp_path / "mine.tar.gz", pictures, "deep")
    refused(lambda: load_dataset(path), f"{path}/deep/train/a/3.png: not a picture")


@pytest.mark.parametrize("raw", [b"", b"hello", b"\x1f\x8b cut"])
def test_no_archive(tmp_path, raw):
    path = tmp_path / "mine.tar.gz"
    path.write_bytes(raw)
    refused(lambda: load_dataset(path), f"{path}: not a whole archive")


def test_an_archive_writes_nothing(tmp_path, pictures):
    """Whatever its names say: they are only names."""
    path = tmp_path / "mine.tar"
    before = sorted(tmp_path.rglob("*"))
    with tarfile.open(path, "w") as tar:
        tar.add(pictures / "train" / "a", arcname="../../a")
        tar.add(pictures / "train" / "b", arcname="/b")
        tar.add(pictures / "train" / "b" / "0.png", arcname="..")
        link = tarfile.TarInfo("b/9.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    data = load_dataset(path)
    assert data.classes == ("a", "b") and len(data.train) + len(data.dev) + len(data.test) == 12
    path.unlink()
    assert sorted(tmp_path.rglob("*")) == before


def test_an_archive_of_train_only(tmp_path, pictures):
    """Its one folder is a part, not what holds the parts."""
    data = load_dataset(pack(tmp_path / "mine.tar", pictures / "train", "train"))
    assert data.classes == ("a", "b")


def test_hidden_files_are_passed_over(tmp_path, pictures):
    expected = load_dataset(pictures).sha256
    for hidden in (".cache/a.png", "train/a/._0.png", "train/.b/0.png"):
        (pictures / hidden).parent.mkdir(exist_ok=True)
        (pictures / hidden).write_bytes(b"of another program")
    assert load_dataset(pictures).sha256 == expected
    assert load_dataset(pack(tmp_path / "mine.tar", pictures)).sha256 == expected
