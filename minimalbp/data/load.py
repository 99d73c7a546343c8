"""`load_dataset`: one name or path in, one Dataset out."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import BadInput, check_int, unknown
from .assemble import RawData, assemble
from .dataset import Dataset, Split
from .divide import stratified_order
from .formats.cifar import is_cifar, read_cifar
from .formats.csv_table import read_csv
from .formats.idx import is_idx_folder, read_idx_folder
from .formats.npz import read_npz
from .formats.pictures import read_pictures
from .formats.tree import SUFFIXES, OnDisk, Packed, Tree
from .known.cifar10 import load_cifar10
from .known.digits import load_digits
from .known.mnist import load_known
from .known.registry import KNOWN
from .raw_files import read_bytes

FILES = {".npz": read_npz, ".csv": read_csv}
ACCEPTED = "give an .npz, a .csv, a folder, or a .tar.gz of pictures"
SPECIAL = {
    stat.S_IFCHR: "a character device", stat.S_IFBLK: "a block device",
    stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket",
}  # fmt: skip


def load_dataset(
    name: str | os.PathLike[str],
    *,
    dev: float | int | None = None,
    test: float | int | None = None,
    seed: int = 0,
) -> Dataset:
    """Load a data set by its name, or a user's own by its path.

    mnist, fashion-mnist and cifar10 are looked for in $MINIMALBP_DATA, then in the cache, then on public mirrors.

    Parameters
    ----------
    name : str or path, as text perhaps with "[:N]"
        "digits" (1,797 images of 8x8, which ship with scikit-learn), "mnist" or "fashion-mnist" (28x28; dev is
        the first 5,000 training images, train the other 55,000, test 10,000), "cifar10" (3x32x32; dev is the first
        5,000, train the other 45,000, test 10,000). Or a path: a folder of IDX files or of CIFAR-10's batches, an
        .npz, a .csv, a folder of class folders of pictures, or a .tar.gz of one of the last two. A `Path` is never
        taken for a name. With "[:N]" after it, as in "mnist[:10000]", the training part is cut to its first N
        examples, or to N in equal shares of every class where the examples lie sorted by class.
    dev, test : float or int, default 0.2
        Size of a part that the data do not bring along, as a fraction in (0, 1) or a count. Of mnist,
        fashion-mnist and cifar10, dev is that many of the first training images.
    seed : int, default 0
        Of the stratified division into parts, and of a cut in equal shares. The same seed gives the same parts on
        every machine.

    Returns
    -------
    Dataset
        Inputs are float32: bytes (uint8) are divided by 255, digits by 16, all else keeps its values. Labels
        are 0..n_classes-1.

    Raises
    ------
    BadInput
        For an unknown name, a missing or corrupt file, and data that cannot be trained on (see `check_arrays`).

    Examples
    --------
    >>> import minimalbp as mbp
    >>> data = mbp.load_dataset("digits")
    >>> data.shape, data.n_classes
    ((8, 8), 10)
    >>> len(data.train), len(data.dev), len(data.test)
    (1079, 359, 359)
    """
    seed = check_int("seed", seed)
    if isinstance(name, str) and (cut := re.fullmatch(r"(.+)\[:(\d{1,18})\]", name)):
        return _first(load_dataset(cut[1], dev=dev, test=test, seed=seed), int(cut[2]), name, seed)
    if isinstance(name, str) and name == "digits":
        return load_digits(dev=dev, test=test, seed=seed)
    if isinstance(name, str) and name in KNOWN:
        if KNOWN[name].treebank:
            raise BadInput(
                f"{name} is a treebank: sentences, not arrays of numbers; read it with "
                f"minimalbp.load_treebank({name!r}), or train with --task tagging or parsing"
            )
        load = load_cifar10 if name == "cifar10" else load_known
        return load(KNOWN[name], dev=dev, test=test)
    typed = os.fspath(name)
    path = Path(os.path.expanduser(typed))
    if not os.path.exists(path):
        raise _not_found(typed, path, isinstance(name, str))
    own_name, raw = _read(path, typed)
    return assemble(own_name, raw, dev=dev, test=test, seed=seed, source=typed, where=str(path))


def _first(data: Dataset, n: int, name: str, seed: int) -> Dataset:
    """The same data with n training examples only. Raises BadInput where there are fewer.

    They are the first ones. Where all examples lie sorted by class, those would be of one class: there n are taken
    in equal shares of every class. A smaller cut of the same data is then a part of a larger one, too.
    """
    x, y = data.train.x, data.train.y
    if not 1 <= n <= len(x):
        raise BadInput(f"{name}: the training part has {len(x)} examples; give 1 to {len(x)}")
    rows: slice | np.ndarray = slice(n)
    if (np.diff(y) >= 0).all():
        rows = np.sort(stratified_order(y, seed)[:n])
    return replace(data, name=f"{data.name}[:{n}]", train=Split(x[rows], y[rows]))


def _read(path: Path, typed: str) -> tuple[str, RawData]:
    """The name that a user's own data get from their path, and the data."""
    if os.path.isdir(path):  # unlike Path.is_dir, it never raises
        return path.resolve().name, read_idx_folder(path) if is_idx_folder(path) else _read_tree(OnDisk(path))
    if not os.path.isfile(path):
        kind = SPECIAL.get(stat.S_IFMT(path.stat().st_mode), "a special file")
        raise BadInput(f"{typed}: {kind}, which cannot be read as data; {ACCEPTED}")
    if ".conllu" in path.suffixes:
        raise BadInput(
            f"{typed}: a treebank; read it with minimalbp.load_treebank({typed!r}), "
            "or train with --task tagging or parsing"
        )
    if packed := [tail for tail in SUFFIXES if path.name.lower().endswith(tail)]:
        return path.name[: -len(packed[0])], _read_tree(Packed(read_bytes(path), path))
    if path.suffix.lower() not in FILES:
        raise BadInput(f"{typed}: cannot be read as data; {ACCEPTED}")
    return path.stem, FILES[path.suffix.lower()](path)


def _read_tree(tree: Tree) -> RawData:
    return read_cifar(tree) if is_cifar(tree) else read_pictures(tree)


def _not_found(typed: str, path: Path, may_be_name: bool) -> BadInput:
    """The error for what is neither a known name nor an existing path."""
    if os.sep in typed or path.suffix or not may_be_name:
        return BadInput(f"{typed}: no such file or folder; check the path, or {ACCEPTED}")
    names = ["digits", *(known.name for known in KNOWN.values() if not known.treebank)]
    return BadInput(f"{unknown('data set or path', typed, names)}; or {ACCEPTED}")
