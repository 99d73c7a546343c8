"""`load_treebank`: a name or a path in, train, dev and test sentences out."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import BadInput, unknown
from ..known.read import read_known
from ..known.registry import KNOWN
from ..raw_files import read_raw, sha256
from .conllu import parse_conllu
from .sentence import Sentence

PARTS = ("train", "dev", "test")
SPELLINGS = ("*{}*.conllu", "*{}*.conllu.gz")
ACCEPTED = "give a .conllu file or a folder of *train*, *dev* and *test* .conllu files, .gz or not"

Sentences = tuple[Sentence, ...]


@dataclass(frozen=True, eq=False)
class Treebank:
    """Sentences in three parts, and where they came from.

    Parameters
    ----------
    name : str
    train, dev, test : tuple of Sentence
    source : str, default ""
        Where the files were: "$MINIMALBP_DATA", "cache", or the path as the user typed it.
    sha256 : dict of str to str, optional
        Fingerprint of each file (its decompressed bytes), so that a run can record which data it saw.
    division : str, default "as distributed"
        How the parts came about: as distributed, or what was cut from what.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> dogs = mbp.Sentence(("Dogs", "bark"), xpos=("NNS", "VBP"))
    >>> len(mbp.Treebank("mine", train=(dogs, dogs), dev=(dogs,), test=(dogs,)).train)
    2
    """

    name: str
    train: Sentences
    dev: Sentences
    test: Sentences
    source: str = ""
    sha256: dict[str, str] = field(default_factory=dict)
    division: str = "as distributed"


def load_treebank(name: str | os.PathLike[str], *, trees: bool = True) -> Treebank:
    """Load a treebank by its name, or a user's own by its path.

    A known treebank is looked for in $MINIMALBP_DATA, then in the cache, then on the public mirror.

    Parameters
    ----------
    name : str or path
        "ud-english-ewt" (12,544, 2,001 and 2,077 sentences). Or a folder with one *train*, one *dev* and one
        *test* file of CoNLL-U. Or one such file, which is cut into its first 80 %, the next 10 % and the last
        10 % of sentences, so that all documents but two stay whole. A `Path` is never taken for a name.
    trees : bool, default True
        Whether each sentence must have a tree. False lets through sentences without heads, for tagging only.

    Returns
    -------
    Treebank

    Raises
    ------
    BadInput
        For an unknown name, a missing part, and whatever `read_conllu` refuses.

    Examples
    --------
    >>> import tempfile
    >>> import minimalbp as mbp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mbp.write_conllu(f"{folder}/dogs.conllu", [mbp.Sentence(("Dogs", "bark"))] * 10)
    ...     bank = mbp.load_treebank(f"{folder}/dogs.conllu", trees=False)
    >>> len(bank.train), bank.division
    (8, 'cut from one file in its order: 8, 1 and 1 of 10 sentences')
    """
    if isinstance(name, str) and name in KNOWN:
        return _known(name, trees)
    typed = os.fspath(name)
    path = Path(os.path.expanduser(typed))
    if os.path.isdir(path):
        return _folder(path, typed, trees)
    if os.path.isfile(path):
        return _file(path, typed, trees)
    if os.path.exists(path):
        raise BadInput(f"{typed}: neither a file nor a folder; {ACCEPTED}")
    known = [entry.name for entry in KNOWN.values() if entry.treebank]
    raise BadInput(f"{unknown('treebank or path', typed, known)}; or {ACCEPTED}")


def _known(name: str, trees: bool) -> Treebank:
    entry = KNOWN[name]
    if not entry.treebank:
        raise BadInput(
            f"{name} is not a treebank; load it with minimalbp.load_dataset({name!r}), "
            "or train with --task classify"
        )
    raw, kinds = read_known(entry)
    train, dev, test = (parse_conllu(data, file, trees=trees) for file, data in raw.items())
    hashes = {file.name: file.sha256 for file in entry.files}
    return Treebank(name, train, dev, test, ", ".join(sorted(kinds)), hashes)


def _folder(folder: Path, typed: str, trees: bool) -> Treebank:
    parts, hashes = {}, {}
    for part in PARTS:
        found = [path for spelling in SPELLINGS for path in sorted(folder.glob(spelling.format(part)))]
        if len(found) != 1:
            names = ", ".join(path.name for path in found)
            wrong = f"{len(found)} files could be the {part} part ({names})" if found else f"no {part} part"
            raise BadInput(f"{typed}: {wrong}; put one *{part}*.conllu or *{part}*.conllu.gz there")
        raw = read_raw(found[0])
        hashes[found[0].name] = sha256(raw)
        parts[part] = parse_conllu(raw, str(found[0]), trees=trees)
    train, dev, test = (parts[part] for part in PARTS)
    return Treebank(folder.resolve().name, train, dev, test, typed, hashes)


def _file(path: Path, typed: str, trees: bool) -> Treebank:
    raw = read_raw(path)
    sentences = parse_conllu(raw, typed, trees=trees)
    n = len(sentences)
    if n < len(PARTS):
        raise BadInput(
            f"{typed}: {n} of the {len(PARTS)} sentences needed, one each for train, dev and test; "
            "give a longer file"
        )
    held_out = max(1, n // 10)
    train, dev = n - 2 * held_out, n - held_out
    return Treebank(
        path.name.partition(".conllu")[0],
        sentences[:train], sentences[train:dev], sentences[dev:],
        source=typed,
        sha256={path.name: sha256(raw)},
        division=f"cut from one file in its order: {train}, {held_out} and {held_out} of {n} sentences",
    )  # fmt: skip
