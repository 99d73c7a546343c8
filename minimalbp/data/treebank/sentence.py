"""A sentence of a treebank: its words, their tags, and its tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...errors import BadInput, short, unknown

EMPTY = "_"  # CoNLL-U's sign for a column that is not given
NO_HEAD = -1
COLUMNS = ("upos", "xpos", "heads", "rels")


@dataclass(frozen=True, slots=True)
class Sentence:
    """The words of a sentence and their tags, heads and relations, as tuples of one length.

    Parameters
    ----------
    forms : tuple of str
        The words as they are spelt.
    upos : tuple of str, optional
        Universal part-of-speech tags (column 4 of CoNLL-U); "_" where not given.
    xpos : tuple of str, optional
        The treebank's own tags (column 5; in English, Penn tags); "_" where not given.
    heads : tuple of int, optional
        The head of each word, counted from 1; 0 for the root; -1 where not given.
    rels : tuple of str, optional
        The relation of each word to its head; "_" where not given.
    block : str, default ""
        The lines that the sentence was read from, with comments, lemmas, features, multiword tokens and empty
        nodes; `format_conllu` writes them again. Comparing two sentences leaves it out.

    Raises
    ------
    BadInput
        Where the lengths differ, and for no words at all.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> plain = mbp.Sentence(("Dogs", "bark"))
    >>> tree = plain.changed(heads=[2, 0], rels=["nsubj", "root"])
    >>> tree.heads, plain.heads
    ((2, 0), (-1, -1))
    """

    forms: tuple[str, ...]
    upos: tuple[str, ...] = ()
    xpos: tuple[str, ...] = ()
    heads: tuple[int, ...] = ()
    rels: tuple[str, ...] = ()
    block: str = field(default="", repr=False, compare=False)

    def __post_init__(self) -> None:
        n = len(self.forms)
        if not n:
            raise BadInput("a sentence has at least one word; this one has none")
        for name in COLUMNS:
            column: tuple[Any, ...] = getattr(self, name)
            if not column:
                object.__setattr__(self, name, (NO_HEAD if name == "heads" else EMPTY,) * n)
            elif len(column) != n:
                raise BadInput(f"a sentence of {n} words has {len(column)} {name}; give one for each word")

    def __len__(self) -> int:
        return len(self.forms)

    def changed(self, **columns: Sequence[Any]) -> Sentence:
        """The same words with other `upos`, `xpos`, `heads` or `rels`, such as those that a network predicts.

        Raises BadInput for another name, a wrong length, and a head outside 0..n.
        """
        for name in columns:
            if name not in COLUMNS:
                raise unknown("column", name, COLUMNS)
        if "heads" in columns:
            columns["heads"] = [int(head) for head in columns["heads"]]
            for head in columns["heads"]:
                if not NO_HEAD <= head <= len(self):
                    raise BadInput(f"head {short(head)} is outside 0..{len(self)}")
        new: dict[str, Any] = {name: tuple(column) for name, column in columns.items()}
        return replace(self, **new)


def tree_fault(heads: Sequence[int]) -> tuple[int, str] | None:
    """(index of the word at fault, why) where `heads`, each in -1..n, form no tree with one root; else None."""
    roots = [word for word, head in enumerate(heads) if head == 0]
    if NO_HEAD in heads:
        return list(heads).index(NO_HEAD), "the word has no head"
    if not roots:
        return 0, "no word of the sentence is the root (head 0)"
    if len(roots) > 1:
        return roots[1], f"a second root (head 0) after word {roots[0] + 1}"
    reaches_root = {0}
    for start in range(1, len(heads) + 1):
        path: dict[int, None] = {}  # a set that keeps the order
        word = start
        while word not in reaches_root:
            path[word] = None
            word = heads[word - 1]
            if word in path:
                cycle = list(path)[list(path).index(word) :]
                names = ", ".join(map(str, cycle[:8])) + ", ..." * (len(cycle) > 8)
                return cycle[0] - 1, f"the heads form a cycle (words {names})"
        reaches_root.update(path)
    return None


def is_projective(heads: Sequence[int]) -> bool:
    """Whether no two arcs of a tree cross, when all are drawn above the words.

    The arc of the root starts before the first word.

    Parameters
    ----------
    heads : sequence of int
        The head of each word, counted from 1; 0 for the root.

    Examples
    --------
    >>> from minimalbp.data import is_projective
    >>> is_projective([2, 0, 2]), is_projective([3, 4, 0, 3])
    (True, False)
    """
    arcs = sorted((min(arc), -max(arc)) for arc in enumerate(heads, 1))
    around: list[int] = []  # right ends of the arcs above the present one, the innermost last
    for low, minus_high in arcs:
        while around and around[-1] <= low:
            around.pop()
        if around and -minus_high > around[-1]:
            return False
        around.append(-minus_high)
    return True
