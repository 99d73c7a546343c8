"""Reading CoNLL-U (universaldependencies.org/format.html): ten columns, a blank line after each sentence."""

from __future__ import annotations

import os
import re
from pathlib import Path
from sys import intern

from ...errors import BadInput, short
from ..raw_files import read_raw
from .sentence import EMPTY, NO_HEAD, Sentence, tree_fault

N_COLUMNS = 10
WORD, RANGE, NODE = (
    re.compile(pattern, re.ASCII) for pattern in (r"\d{1,9}", r"(\d{1,9})-(\d{1,9})", r"(\d{1,9})\.(\d{1,9})")
)


def read_conllu(path: str | os.PathLike[str], *, trees: bool = True) -> tuple[Sentence, ...]:
    """Read the sentences of a CoNLL-U file, plain or gzip.

    Parameters
    ----------
    path : str or path
    trees : bool, default True
        Whether the heads of each sentence must form a tree with one root. If not, heads may be missing, as in
        text that is to be tagged or parsed, and several roots or cycles are let through.

    Returns
    -------
    tuple of Sentence

    Raises
    ------
    BadInput
        With the file and the line number, for anything that is not CoNLL-U; see `parse_conllu`.

    References
    ----------
    universaldependencies.org/format.html

    Examples
    --------
    >>> import tempfile
    >>> import minimalbp as mbp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mbp.write_conllu(f"{folder}/dogs.conllu", [mbp.Sentence(("Dogs", "bark"))])
    ...     mbp.read_conllu(f"{folder}/dogs.conllu", trees=False)[0].forms
    ('Dogs', 'bark')
    """
    return parse_conllu(read_raw(Path(path)), os.fspath(path), trees=trees)


def parse_conllu(raw: bytes, name: str = "CoNLL-U", *, trees: bool = True) -> tuple[Sentence, ...]:
    """Read the sentences in the bytes of a CoNLL-U file.

    Multiword tokens (1-2) and empty nodes (1.1) are not words; they stay in the sentence's `block`.

    Parameters
    ----------
    raw : bytes
        Not compressed.
    name : str, default "CoNLL-U"
        How messages name the file.
    trees : bool, default True
        As for `read_conllu`.

    Returns
    -------
    tuple of Sentence

    Raises
    ------
    BadInput
        For bytes that are not UTF-8, lines without ten filled columns, ids out of order, a head outside the
        sentence, a file without sentences, and, with `trees`, heads that do not form a tree with one root.

    Examples
    --------
    >>> from minimalbp.data import parse_conllu
    >>> columns = ("1", "Go", "go", "VERB", "VB", "_", "0", "root", "_", "_")
    >>> parse_conllu("\\t".join(columns).encode())[0].xpos
    ('VB',)
    """
    sentences, start = [], None
    # not splitlines(): U+0085, U+2028 and the like do not end a line, and do occur in words
    lines = _text(raw, name).split("\n")
    for here, line in enumerate([*lines, ""]):
        if line and start is None:
            start = here
        elif not line and start is not None:
            sentences.append(_sentence(lines[start:here], start + 1, name, trees))
            start = None
    if not sentences:
        raise BadInput(f"{name}, line 1: no sentence in the file ({len(raw)} bytes); give one of CoNLL-U")
    return tuple(sentences)


def _text(raw: bytes, name: str) -> str:
    """The text of UTF-8 bytes, with or without a byte-order mark. Lines may end as on Windows."""
    try:
        return raw.decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n")
    except UnicodeDecodeError as e:
        line = raw.count(b"\n", 0, e.start) + 1
        raise BadInput(f"{name}, line {line}: byte {raw[e.start]:#04x} is not UTF-8; save it as UTF-8") from e


def _sentence(lines: list[str], first: int, name: str, trees: bool) -> Sentence:
    """One sentence from its lines, the first of which has the number `first` in the file."""
    words: list[list[str]] = []
    at: list[int] = []  # the line of each word
    covered = node = 0  # end of the last multiword token; empty nodes since the last word
    for number, line in enumerate(lines, first):
        try:
            if line.startswith("#"):
                if words or covered or node:
                    raise BadInput("a comment inside a sentence; put it before the first word")
                continue
            columns = _columns(line)
            if WORD.fullmatch(columns[0]):
                _in_order(columns[0], f"{len(words) + 1}")
                words.append(columns)
                at.append(number)
                node = 0
            elif match := NODE.fullmatch(columns[0]):
                node += 1
                _in_order(columns[0], f"{len(words)}.{node}")
            elif match := RANGE.fullmatch(columns[0]):
                begin, end = int(match[1]), int(match[2])
                if begin <= covered or end < begin:
                    raise BadInput(f"the multiword token {columns[0]} overlaps another, or runs backwards")
                _in_order(columns[0], f"{len(words) + 1}-{end}")
                covered = end
            else:
                raise BadInput(
                    f"{short(columns[0])} is not an id; write 1 for a word, 1-2 for a multiword token, "
                    "1.1 for an empty node"
                )
        except BadInput as e:
            raise BadInput(f"{name}, line {number}: {e}") from None
    last = first + len(lines) - 1
    if not words:
        remedy = "end lines with \\n" if any("\r" in line for line in lines) else "delete it"
        raise BadInput(f"{name}, line {first}: a sentence without words; {remedy}")
    if covered > len(words):
        raise BadInput(
            f"{name}, line {last}: a multiword token ends at {covered}, the sentence at {len(words)}"
        )
    heads = [_head(columns[6], len(words), f"{name}, line {n}") for n, columns in zip(at, words)]
    fault = tree_fault(heads) if trees else None
    if fault:
        raise BadInput(f"{name}, line {at[fault[0]]}: {fault[1]}; correct columns 7 and 8 there")
    # interned: a treebank has 200,000 words and 20,000 different ones
    forms, upos, xpos, rels = (tuple(intern(columns[c]) for columns in words) for c in (1, 3, 4, 7))
    return Sentence(forms, upos, xpos, tuple(heads), rels, "\n".join(lines))


def _columns(line: str) -> list[str]:
    if "\r" in line:  # several in a row, or those of an old Mac: they could be read but not written again
        raise BadInput("a carriage return inside the line; end lines with \\n, or \\r\\n as on Windows")
    columns = line.split("\t")
    if len(columns) != N_COLUMNS:
        found = "1 column" if len(columns) == 1 else f"{len(columns)} columns"
        raise BadInput(f"{found}, not {N_COLUMNS}; separate them by tabs, and sentences by empty lines")
    if "" in columns:
        raise BadInput(f"column {columns.index('') + 1} is empty; write {EMPTY} for nothing")
    return columns


def _in_order(found: str, expected: str) -> None:
    if found != expected:
        raise BadInput(f"id {found} is out of order, expected {expected}; number the words 1, 2, 3, ...")


def _head(text: str, n: int, where: str) -> int:
    if text == EMPTY:
        return NO_HEAD
    if not WORD.fullmatch(text):
        raise BadInput(
            f"{where}: head {short(text)} is not a number; write 0 for the root, or {EMPTY} for none"
        )
    if int(text) > n:
        raise BadInput(f"{where}: head {text} is outside the sentence of {n} words")
    return int(text)
