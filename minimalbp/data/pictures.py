"""A user's own pictures: one folder for each class."""

from __future__ import annotations

import hashlib
import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from minimalbp.data.assemble import Arrays, assemble, named_labels
from minimalbp.data.dataset import Dataset
from minimalbp.data.files import one_line, read_bytes
from minimalbp.errors import BadInput

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}
PARTS = ("train", "dev", "test")


def load_pictures(
    root: Path,
    *,
    dev: float | int | None = None,
    test: float | int | None = None,
    seed: int = 0,
    source: str = "",
) -> Dataset:
    """Pictures in `root/<class>/`, or in `root/train/<class>/` with perhaps `root/test/` and `root/dev/`.

    All of one size. Grey pictures give (height, width), and colour (3, height, width) as soon as one of them
    has any; pixels / 255. Classes are numbered in sorted order of the folder names. Needs Pillow.
    """
    folders = {part: root / part for part in PARTS if _subfolders(root / part)}
    if "train" not in folders:
        folders = {"all": root}
    files = {part: _pictures(folder) for part, folder in folders.items()}
    names = {part: [c for c, _ in found] for part, found in files.items()}
    classes, labels = named_labels(names, root.resolve().name)
    digest = hashlib.sha256()
    images = _read_all(root, {part: [path for _, path in found] for part, found in files.items()}, digest)
    parts: dict[str, Arrays] = {part: (images[part], labels[part]) for part in files}
    return assemble(
        root.resolve().name, parts, classes=classes,
        dev=dev, test=test, seed=seed, source=source, sha256={"pictures": digest.hexdigest()},
    )  # fmt: skip


def _subfolders(folder: Path) -> list[Path]:
    """Folders in `folder` that are not hidden, in sorted order."""
    if not folder.is_dir():
        return []
    return sorted(f for f in folder.iterdir() if f.is_dir() and not f.name.startswith("."))


def _pictures(folder: Path) -> list[tuple[str, Path]]:
    """(class, path) of every picture in the class folders of `folder`. Raises BadInput where none are."""
    found = []
    for sub in _subfolders(folder):
        pictures = sorted(p for p in sub.iterdir() if p.suffix.lower() in SUFFIXES and p.name[0] != ".")
        if not pictures:
            raise BadInput(f"{sub}: no pictures in this class folder; put some in it or remove the folder")
        found += [(sub.name, picture) for picture in pictures]
    if not found:
        raise BadInput(
            f"{folder}: no class folders of pictures and no IDX files ({', '.join(sorted(SUFFIXES))}); "
            "put the pictures of each class in a folder of its own"
        )
    return found


def _read_all(root: Path, files: dict[str, list[Path]], digest: Any) -> dict[str, npt.NDArray[np.uint8]]:
    """Part -> (n, height, width) or (n, 3, height, width) uint8; `digest` takes in names and bytes."""
    from tqdm import tqdm

    read: dict[str, list[npt.NDArray[np.uint8]]] = {}
    first: tuple[Path, tuple[int, ...]] | None = None
    total = sum(map(len, files.values()))
    with tqdm(total=total, desc="pictures", unit="", disable=None, leave=False) as bar:
        for part, paths in files.items():
            read[part] = []
            for path in paths:
                data = read_bytes(path)
                digest.update(f"{path.relative_to(root).as_posix()}\0{len(data)}\0".encode() + data)
                image = _decode(data, path)
                size = image.shape[-2:]
                if first is None:
                    first = path, size
                elif size != first[1]:
                    raise BadInput(
                        f"{path}: {size[1]}x{size[0]} pixels, but {first[0]} has "
                        f"{first[1][1]}x{first[1][0]}; bring all pictures to one size"
                    )
                read[part].append(image)
                bar.update()
    colour = any(image.ndim == 3 for images in read.values() for image in images)
    if colour:
        read = {p: [i if i.ndim == 3 else np.stack([i] * 3) for i in images] for p, images in read.items()}
    return {part: np.stack(images) for part, images in read.items()}


def _decode(data: bytes, path: Path) -> npt.NDArray[np.uint8]:
    """(height, width) of a grey picture, (3, height, width) of any other. Raises BadInput."""
    try:
        from PIL import Image
    except ImportError as e:
        raise BadInput("pictures need Pillow, which is missing: pip install 'minimalbp[pictures]'") from e

    try:
        with Image.open(io.BytesIO(data)) as image:
            mode = image.mode
            pixels = np.array(image.convert("L" if mode in ("1", "L") else "RGB"))
    except (
        OSError, ValueError, EOFError, SyntaxError, struct.error,
        Image.DecompressionBombError, Image.DecompressionBombWarning,
    ) as e:  # fmt: skip
        raise BadInput(f"{path}: not a whole picture ({one_line(e)}); replace or remove it") from e
    if mode.startswith(("I", "F")):
        raise BadInput(f"{path}: more than 8 bits a pixel (mode {mode}); save it with 8 bits")
    return pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))
