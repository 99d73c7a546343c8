"""Writing CoNLL-U: the lines a sentence was read from, with the tags, heads and relations it has now."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterable
from pathlib import Path

from ...errors import BadInput, short
from ...files import replacing
from .sentence import EMPTY, NO_HEAD, Sentence


def write_conllu(path: str | os.PathLike[str], sentences: Iterable[Sentence]) -> None:
    """Write sentences to a file of CoNLL-U. If that fails, no half-written file is left.

    Parameters
    ----------
    path : str or path
        Compressed if it ends in .gz.
    sentences : iterable of Sentence

    Raises
    ------
    BadInput
        Where the folder cannot be written, or a word or tag holds a tab or the end of a line.

    Examples
    --------
    >>> import tempfile
    >>> import minimalbp as mbp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mbp.write_conllu(f"{folder}/dogs.conllu.gz", [mbp.Sentence(("Dogs", "bark"))])
    ...     len(mbp.read_conllu(f"{folder}/dogs.conllu.gz", trees=False))
    1
    """
    text = format_conllu(sentences).encode("utf-8")
    with replacing(Path(path)) as temporary:
        # no time in the header: the same sentences are the same bytes
        temporary.write_bytes(gzip.compress(text, mtime=0) if Path(path).suffix == ".gz" else text)


def format_conllu(sentences: Iterable[Sentence]) -> str:
    """Sentences as CoNLL-U text.

    A sentence that was read and not changed comes out as it was, to the byte, with Unix ends of lines. Where
    heads or relations differ from those in `block`, column 9 of every word (the enhanced graph, which holds the
    old heads) becomes "_"; multiword tokens, empty nodes and all other columns stay.

    Parameters
    ----------
    sentences : iterable of Sentence

    Returns
    -------
    str

    Raises
    ------
    BadInput
        Where a word or tag holds a tab or the end of a line.

    Examples
    --------
    >>> from minimalbp.data import Sentence, format_conllu
    >>> format_conllu([Sentence(("Go",), xpos=("VB",))])
    '1\\tGo\\t_\\t_\\tVB\\t_\\t_\\t_\\t_\\t_\\n\\n'
    """
    return "".join("\n".join([*_lines(sentence), "\n"]) for sentence in sentences)


def _lines(sentence: Sentence) -> list[str]:
    lines = sentence.block.split("\n") if sentence.block else _bare(sentence)
    rows = [line.split("\t") for line in lines]
    words = [row for row in rows if row[0].isdecimal()]
    moved = False
    columns = zip(sentence.upos, sentence.xpos, sentence.heads, sentence.rels)
    for row, (upos, xpos, head, rel) in zip(words, columns, strict=True):
        now = [_field(upos), _field(xpos), EMPTY if head == NO_HEAD else str(head), _field(rel)]
        moved |= row[6:8] != now[2:]
        row[3:5], row[6:8] = now[:2], now[2:]
    for row in words if moved else ():
        row[8] = EMPTY
    return ["\t".join(row) for row in rows]


def _bare(sentence: Sentence) -> list[str]:
    """Lines for a sentence that does not come from a file: ids and forms."""
    tail = f"\t{EMPTY}" * 8
    return [f"{i}\t{_field(form)}{tail}" for i, form in enumerate(sentence.forms, 1)]


def _field(text: str) -> str:
    if not text or any(c in text for c in "\t\r\n"):
        raise BadInput(f"{short(text)} cannot stand in a column of CoNLL-U; leave out tabs and ends of lines")
    return text
