"""Small sets in the files of CIFAR-10, for tests: binary batches, and pickles as Python 2 wrote them."""

import io
import pickle
import struct
import tarfile
from dataclasses import replace

import numpy as np

from minimalbp.data import KNOWN, KnownFile
from minimalbp.data.formats.cifar import NAMES, SHAPE
from minimalbp.data.raw_files import sha256

N = 4  # pictures in a batch


def arrays(batch):
    """Pixels (N, 3, 32, 32) and labels (N,) of the batch of that number; that of the test set is number 5."""
    rng = np.random.default_rng(batch)
    return rng.integers(0, 256, (N, *SHAPE), dtype=np.uint8), (np.arange(N, dtype=np.uint8) + 3 * batch) % 10


def binary_files():
    """name -> bytes of each binary batch."""
    files = {}
    for batch, name in enumerate(NAMES):
        x, y = arrays(batch)
        files[f"{name}.bin"] = b"".join(bytes([c]) + p.tobytes() for p, c in zip(x, y))
    return files | {"batches.meta.txt": b"airplane\n"}


class Python2Pickler(pickle._Pickler):
    """Writes text and bytes as strings of bytes, as Python 2 did."""

    dispatch = pickle._Pickler.dispatch.copy()

    def save_string(self, text):
        raw = text.encode("latin-1") if isinstance(text, str) else text
        if len(raw) < 256:
            self.write(pickle.SHORT_BINSTRING + bytes([len(raw)]) + raw)
        else:
            self.write(pickle.BINSTRING + struct.pack("<i", len(raw)) + raw)
        self.memoize(text)

    dispatch[str] = dispatch[bytes] = save_string


def pickled(batch, pickler=Python2Pickler, order="C"):
    """The bytes of a batch in the python archive."""
    x, y = arrays(batch)
    content = {
        "batch_label": f"training batch {batch} of 5",
        "labels": y.tolist(),
        "data": np.array(x.reshape(N, -1), order=order),
        "filenames": [f"picture_{i}.png" for i in range(N)],
    }
    file = io.BytesIO()
    pickler(file, protocol=2).dump(content)
    return file.getvalue()


def pickled_files():
    """name -> bytes of each pickled batch."""
    return {name: pickled(batch) for batch, name in enumerate(NAMES)} | {"batches.meta": pickle.dumps({})}


def pack(files, folder):
    """The bytes of a .tar.gz that holds these files in a folder."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, raw in files.items():
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(raw)
            tar.addfile(member, io.BytesIO(raw))
    return out.getvalue()


def archives():
    """name -> bytes of the two archives."""
    return {
        "cifar-10-binary.tar.gz": pack(binary_files(), "cifar-10-batches-bin"),
        "cifar-10-python.tar.gz": pack(pickled_files(), "cifar-10-batches-py"),
    }


def small_cifar10(files, mirrors=()):
    """The entry of the registry, but for these archives: 17 pictures in train, 3 in dev, 4 in test."""
    known = tuple(KnownFile(name, sha256(raw), len(raw), archive=True) for name, raw in files.items())
    return replace(KNOWN["cifar10"], files=known, sizes=(5 * N - 3, 3, N), mirrors=mirrors)
