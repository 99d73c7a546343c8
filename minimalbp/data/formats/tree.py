"""A folder of files, on disk or packed in an archive: what lies where, and the bytes of each file."""

from __future__ import annotations

import io
import os
import tarfile
import zlib
from abc import ABC, abstractmethod
from pathlib import Path, PurePosixPath

from ...errors import BadInput
from ..raw_files import one_line, read_bytes

SUFFIXES = (".tar.gz", ".tgz", ".tar")
PARTS = ("train", "dev", "test")  # folders that say which examples belong to what
Children = tuple[list[Path], list[Path]]


class Tree(ABC):
    """Folders and files below `root`. Hidden ones are passed over."""

    root: Path

    @abstractmethod
    def children(self, folder: Path) -> Children:
        """The folders and the files that lie directly in a folder, each sorted; none where it is missing."""

    @abstractmethod
    def read(self, path: Path) -> bytes:
        """The bytes of a file. Raises BadInput if it cannot be read."""

    def walk(self, folder: Path) -> list[Path]:
        """All files below a folder. Links to folders are not followed: they may lead in a circle."""
        folders, files = self.children(folder)
        return files + [f for sub in folders if not os.path.islink(sub) for f in self.walk(sub)]


class OnDisk(Tree):
    """A folder on disk."""

    def __init__(self, root: Path):
        self.root = root

    def children(self, folder: Path) -> Children:
        if not folder.is_dir():
            return [], []
        with os.scandir(folder) as entries:
            found = sorted((e.name, e.is_dir()) for e in entries if not e.name.startswith("."))
        return [folder / n for n, is_dir in found if is_dir], [
            folder / n for n, is_dir in found if not is_dir
        ]

    def read(self, path: Path) -> bytes:
        return read_bytes(path)


class Packed(Tree):
    """The files in a tar archive, in memory. Nothing is written to disk: many small files take long there.

    `data` are the bytes of the archive. Its path is only a name here, with which the paths of its files begin. The
    archive may hold one folder, or what would be in it. Raises BadInput for what is no whole archive.
    """

    def __init__(self, data: bytes, path: Path):
        self.root = path
        self._files: dict[Path, bytes] = {}
        try:
            with tarfile.open(fileobj=io.BytesIO(data)) as tar:
                for member in tar:
                    file = tar.extractfile(member) if member.isfile() else None
                    names = [n for n in PurePosixPath(member.name).parts if n not in ("/", "..")]
                    if file is not None and names and not any(n.startswith(".") for n in names):
                        self._files[path.joinpath(*names)] = file.read()
        except (tarfile.TarError, EOFError, OSError, zlib.error) as e:
            raise BadInput(f"{path}: not a whole archive ({one_line(e)}); get or pack it again") from e
        self._children: dict[Path, tuple[set[Path], set[Path]]] = {}
        for file_path in self._files:
            self._children.setdefault(file_path.parent, (set(), set()))[1].add(file_path)
            for sub in file_path.parents:
                if sub == path:
                    break
                self._children.setdefault(sub.parent, (set(), set()))[0].add(sub)
        folders, files = self.children(path)
        if len(folders) == 1 and not files and folders[0].name not in PARTS:
            self.root = folders[0]

    def children(self, folder: Path) -> Children:
        folders, files = self._children.get(folder, (set(), set()))
        return sorted(folders), sorted(files)

    def read(self, path: Path) -> bytes:
        return self._files[path]
