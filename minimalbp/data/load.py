"""`load_dataset`: one name or path in, one Dataset out."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ..errors import BadInput, check_int, unknown
from .dataset import Dataset
from .formats.csv_table import load_csv
from .formats.npz import load_npz
from .formats.pictures import load_pictures
from .known.digits import load_digits
from .known.mnist import is_idx_folder, load_idx_folder, load_known
from .known.registry import KNOWN

FILES = {".npz": load_npz, ".csv": load_csv}
ACCEPTED = "give an .npz, a .csv or a folder"
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

    name : "digits" (1,797 of 8x8, ships with scikit-learn), "mnist", "fashion-mnist" (28x28; dev = the first
        5,000 training images, train = the other 55,000, test = 10,000); or the path of a folder of IDX files,
        an .npz, a .csv, or a folder of class folders of pictures. A `Path` is never taken for a name.
    dev, test : size of a part that the data do not bring along: a fraction in (0, 1) or a count; default 0.2.
        Of mnist and fashion-mnist, dev is that many of the first training images.
    seed : of the stratified division into parts; the same seed gives the same parts on every machine

    Images come as float32: bytes (uint8) divided by 255, digits by 16, all else as it is. Labels are 0..n-1.
    mnist and fashion-mnist are looked for in $MINIMALBP_DATA, then in the cache, then on public mirrors.

    Raises BadInput, one line, for an unknown name, a missing or corrupt file, and data that cannot be
    trained on (see `check_arrays`).
    """
    seed = check_int("seed", seed)
    if isinstance(name, str) and name == "digits":
        return load_digits(dev=dev, test=test, seed=seed)
    if isinstance(name, str) and name in KNOWN:
        if KNOWN[name].treebank:
            raise BadInput(
                f"{name} is a treebank: sentences, not arrays of numbers; read it with "
                f"minimalbp.load_treebank({name!r}), or train with --task tagging or parsing"
            )
        return load_known(KNOWN[name], dev=dev, test=test)
    typed = os.fspath(name)
    path = Path(os.path.expanduser(typed))
    if os.path.isdir(path):  # unlike Path.is_dir, it never raises
        load = load_idx_folder if is_idx_folder(path) else load_pictures
        return load(path, dev=dev, test=test, seed=seed, source=typed)
    if os.path.isfile(path):
        if ".conllu" in path.suffixes:
            raise BadInput(
                f"{typed}: a treebank; read it with minimalbp.load_treebank({typed!r}), "
                "or train with --task tagging or parsing"
            )
        if path.suffix.lower() not in FILES:
            raise BadInput(f"{typed}: cannot be read as data; {ACCEPTED}")
        return FILES[path.suffix.lower()](path, dev=dev, test=test, seed=seed, source=typed)
    if os.path.exists(path):
        kind = SPECIAL.get(stat.S_IFMT(path.stat().st_mode), "a special file")
        raise BadInput(f"{typed}: {kind}, which cannot be read as data; {ACCEPTED}")
    if os.sep in typed or path.suffix or not isinstance(name, str):
        raise BadInput(f"{typed}: no such file or folder; check the path, or {ACCEPTED}")
    names = ["digits", *(known.name for known in KNOWN.values() if not known.treebank)]
    raise BadInput(f"{unknown('data set or path', typed, names)}; or {ACCEPTED}")
