"""A folder that is packed in one file."""

from __future__ import annotations

import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...errors import BadInput
from ..raw_files import one_line

SUFFIXES = (".tar.gz", ".tgz", ".tar")


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The folder that a tar archive holds, unpacked for as long as the block lasts.

    An archive may hold one folder, or what would be in it. Messages about the files inside name them by their path
    in the archive. Raises BadInput for what is no whole archive, and for one that would write outside its folder.
    """
    with tempfile.TemporaryDirectory(prefix="minimalbp-") as temporary:
        root = Path(temporary)
        if not hasattr(tarfile, "data_filter"):
            raise BadInput(
                f"{path}: this Python cannot unpack archives safely; unpack it and give the folder"
            )
        try:
            with tarfile.open(path) as tar:
                tar.extractall(root, filter="data")  # plain files and folders, below root
        except (tarfile.TarError, EOFError, OSError, zlib.error) as e:
            raise BadInput(
                f"{path}: not a whole archive, or an unsafe one ({one_line(e)}); pack it again"
            ) from e
        inside = list(root.iterdir())
        folder = inside[0] if len(inside) == 1 and inside[0].is_dir() else root
        try:
            yield folder
        except BadInput as e:
            raise BadInput(str(e).replace(str(root), str(path))) from e
