"""Known sets for tests: small ones for the registry with their files, and the real treebank where there is one."""

import gzip
import os

import numpy as np
import pytest
from helpers import format_idx

from minimalbp.data import KNOWN, KnownFile, KnownSet, load_treebank
from minimalbp.data.known.locations import locate
from minimalbp.data.raw_files import sha256

NAMES = (
    "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
)  # fmt: skip


def tiny_files(shift=0):
    """name -> raw bytes of a set of 12 training and 6 test images of 2x2 pixels."""
    x = (np.arange(48) + shift).astype(np.uint8).reshape(12, 2, 2)
    y = (np.arange(12) % 3).astype(np.uint8)
    return dict(zip(NAMES, map(format_idx, (x, y, x[:6], y[:6]))))


def tiny_set(name="tiny", shift=0, mirrors=()):
    files = tuple(KnownFile(n, sha256(raw), len(raw)) for n, raw in tiny_files(shift).items())
    return KnownSet(name, "made for tests", "none", (9, 3, 6), (2, 2), ("a", "b", "c"), files, mirrors)


def put(folder, files, zipped=True):
    """Write files, name -> raw bytes, to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, raw in files.items():
        (folder / (name + ".gz" * zipped)).write_bytes(gzip.compress(raw) if zipped else raw)
    return folder


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """No test sees the user's data or writes in the user's cache. Gives what MINIMALBP_DATA was before."""
    given = os.environ.get("MINIMALBP_DATA")
    monkeypatch.delenv("MINIMALBP_DATA", raising=False)
    monkeypatch.setenv("MINIMALBP_CACHE", str(tmp_path / "cache"))
    return given


def real_treebank(given, monkeypatch):
    """EWT, or a skip with the reason. `given`: what MINIMALBP_DATA was before the test."""
    if not given:
        pytest.skip("MINIMALBP_DATA is not set: no copy of the English Web Treebank to read")
    monkeypatch.setenv("MINIMALBP_DATA", given)
    if any(locate(KNOWN["ud-english-ewt"], file) is None for file in KNOWN["ud-english-ewt"].files):
        pytest.skip("no copy of the English Web Treebank in MINIMALBP_DATA")
    return load_treebank("ud-english-ewt")
