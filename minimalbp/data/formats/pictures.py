"""A user's own pictures: one folder for each class."""

from __future__ import annotations

import hashlib
import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import BadInput
from ..assemble import RawData, named_labels
from ..raw_files import one_line
from .tree import PARTS, Tree

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}


def read_pictures(tree: Tree) -> RawData:
    """Pictures in `<class>/`, or in `train/<class>/` with perhaps `test/` and `dev/`.

    All must have one size. All must be grey, which gives (height, width), or all in colour, (3, height, width).
    Classes are numbered in sorted order of the folder names. Needs Pillow.

    Raises BadInput for a picture that lies elsewhere in the tree, or that is broken or unlike the others.
    Hidden files and folders are passed over, and so are files whose suffix is not that of a picture.
    """
    root = tree.root
    folders = {part: root / part for part in PARTS if tree.children(root / part)[0]}
    if "train" not in folders:
        folders = {"all": root}
    _check_layout(tree, folders)
    files = {part: _pictures(tree, folder) for part, folder in folders.items()}
    names = {part: [c for c, _ in found] for part, found in files.items()}
    classes, labels = named_labels(names, str(root))
    digest = hashlib.sha256()
    images = _read_all(tree, {part: [path for _, path in found] for part, found in files.items()}, digest)
    parts = {part: (images[part], labels[part]) for part in files}
    return RawData(parts, {"pictures": digest.hexdigest()}, classes)


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES


def _check_layout(tree: Tree, folders: dict[str, Path]) -> None:
    """Refuse pictures below the root that no class folder holds directly: they would be left out silently."""
    classes = {sub for folder in folders.values() for sub in tree.children(folder)[0]}
    stray = [path for path in tree.walk(tree.root) if path.parent not in classes and _is_picture(path)]
    if stray:
        layout = " or ".join(f"{folder / 'CLASS'}" for folder in folders.values())
        raise BadInput(
            f"{min(stray)}: does not lie directly in a class folder (pictures that do not: {len(stray)}); "
            f"move it to {layout}, or out of {tree.root}"
        )


def _pictures(tree: Tree, folder: Path) -> list[tuple[str, Path]]:
    """(class, path) of every picture in the class folders of `folder`. Raises BadInput where there are none."""
    found = []
    for sub in tree.children(folder)[0]:
        pictures = list(filter(_is_picture, tree.children(sub)[1]))
        if not pictures:
            raise BadInput(f"{sub}: no pictures in this class folder; put some in it or remove the folder")
        found += [(sub.name, picture) for picture in pictures]
    if not found:
        raise BadInput(
            f"{folder}: no class folders of pictures and no IDX files ({', '.join(sorted(SUFFIXES))}); "
            "put the pictures of each class in a folder of its own"
        )
    return found


def _read_all(tree: Tree, files: dict[str, list[Path]], digest: Any) -> dict[str, npt.NDArray[np.uint8]]:
    """Part -> (n, height, width) or (n, 3, height, width) uint8; names and bytes are added to `digest`."""
    from tqdm import tqdm

    read: dict[str, npt.NDArray[np.uint8]] = {}
    modes: dict[str, list[tuple[Path, str]]] = {"grey": [], "colour": []}
    first: tuple[Path, tuple[int, ...]] | None = None
    total = sum(map(len, files.values()))
    with tqdm(total=total, desc="pictures", unit="", disable=None, leave=False) as bar:
        for part, paths in files.items():
            for i, path in enumerate(paths):
                data = tree.read(path)
                digest.update(f"{path.relative_to(tree.root).as_posix()}\0{len(data)}\0".encode() + data)
                image, mode = _decode(data, path)
                size = image.shape[-2:]
                if first is None:
                    first = path, size
                elif size != first[1]:
                    raise BadInput(
                        f"{path}: {size[1]}x{size[0]} pixels, but {first[0]} has "
                        f"{first[1][1]}x{first[1][0]}; bring all pictures to one size"
                    )
                if part not in read:
                    read[part] = np.empty((len(paths), *image.shape), np.uint8)
                if image.shape == read[part].shape[1:]:  # a mix of grey and colour is refused below
                    read[part][i] = image
                modes["grey" if image.ndim == 2 else "colour"].append((path, mode))
                bar.update()
    if modes["grey"] and modes["colour"]:
        odd, usual = sorted(modes, key=lambda kind: len(modes[kind]))
        path, mode = modes[odd][0]
        raise BadInput(
            f"{path}: a {odd} picture (mode {mode}), one of {len(modes[odd])} among {len(modes[usual])} "
            f"{usual} ones; save all in grey (mode L) or all in colour (mode RGB)"
        )
    return read


def _decode(data: bytes, path: Path) -> tuple[npt.NDArray[np.uint8], str]:
    """(height, width) of a grey picture or (3, height, width) of any other, and its mode. Raises BadInput."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as e:
        raise BadInput("pictures need Pillow, which is missing: pip install 'minimalbp[pictures]'") from e

    try:
        with Image.open(io.BytesIO(data)) as image:
            mode = image.mode
            pixels = np.array(image.convert("L" if mode in ("1", "L") else "RGB"))
    except UnidentifiedImageError as e:  # its text names the buffer, not the file
        why = "cut short or in no format that Pillow knows" if data else "empty"
        raise BadInput(f"{path}: not a picture: the file is {why}; replace or remove it") from e
    except (
        OSError, ValueError, EOFError, SyntaxError, struct.error,
        Image.DecompressionBombError, Image.DecompressionBombWarning,
    ) as e:  # fmt: skip
        raise BadInput(f"{path}: not a whole picture ({one_line(e)}); replace or remove it") from e
    if mode.startswith(("I", "F")):
        raise BadInput(f"{path}: more than 8 bits a pixel (mode {mode}); save it with 8 bits")
    return (pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))), mode
