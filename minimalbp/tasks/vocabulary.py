"""Numbers for words, tags, relations and pieces of words, learnt from training data and kept as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import BadInput, check_int, short

UNKNOWN, NONE, ROOT = range(3)  # not seen in training; outside the sentence; ROOT, the head of a tree's root
FIRST = 3


class Vocabulary:
    """Ids of strings: 0 unknown, 1 none, 2 root, and from 3 on those of the entries.

    The first three are no entries, so no word of a text can be mistaken for one of them.

    Parameters
    ----------
    entries : sequence of str
        The most frequent first, and equally frequent ones in the order of their characters.
    n_once : int, default 0
        How many of the entries occurred once in training. They are the last ones.
    """

    def __init__(self, entries: Sequence[str], n_once: int = 0):
        self.entries = tuple(entries)
        self.n_once = n_once
        self.ids = {entry: i for i, entry in enumerate(self.entries, FIRST)}
        self.get = self.ids.get  # get(text, UNKNOWN), without a Python call for each word

    @classmethod
    def fit(cls, counts: Mapping[str, int], min_count: int = 1) -> Vocabulary:
        """The vocabulary of the texts that occur at least `min_count` times; `counts` says how often each does."""
        kept = [text for text, count in counts.items() if count >= check_int("min_count", min_count, least=1)]
        kept.sort(key=lambda text: (-counts[text], text))
        return cls(kept, sum(counts[text] == 1 for text in kept))

    def __len__(self) -> int:
        """Rows that an embedding needs: the entries and the first three ids."""
        return FIRST + len(self.entries)

    def id(self, text: str) -> int:
        return self.get(text, UNKNOWN)

    def text(self, i: int) -> str:
        """The entry with id `i`. Raises BadInput for the first three ids, and beyond the last one."""
        if not FIRST <= i < len(self):
            raise BadInput(f"id {short(i)} has no entry; ids of entries are {FIRST} to {len(self) - 1}")
        return self.entries[i - FIRST]

    @property
    def once(self) -> int:
        """The first id of an entry that occurred once in training. All later ones did too."""
        return len(self) - self.n_once

    def as_json(self) -> dict[str, Any]:
        """The vocabulary as JSON, for `from_json`."""
        return {"entries": list(self.entries), "n_once": self.n_once}

    @classmethod
    def from_json(cls, value: Any, what: str = "a vocabulary") -> Vocabulary:
        """The vocabulary that `as_json` described. Raises BadInput, which begins with `what`, for anything else."""
        entries, n_once = (
            json_field(value, key, kind, what) for key, kind in (("entries", list), ("n_once", int))
        )
        if not all(isinstance(e, str) for e in entries) or len(set(entries)) != len(entries):
            raise BadInput(f"{what}: entries must be different texts; the file is damaged")
        if not 0 <= n_once <= len(entries):
            raise BadInput(f"{what}: n_once {n_once} of {len(entries)} entries; the file is damaged")
        return cls(entries, n_once)


def json_field(value: Any, key: str, kind: type, what: str) -> Any:
    """value[key]. Raises BadInput, which begins with `what`, if it is missing or is not of that kind."""
    found = value.get(key) if isinstance(value, dict) else None
    if not isinstance(found, kind) or (kind is int and isinstance(found, bool)):
        raise BadInput(
            f"{what}: {key!r} must be of type {kind.__name__}, not {short(found)}; the file is damaged"
        )
    return found
