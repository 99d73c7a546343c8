"""Numbers for words, tags, relations and pieces of words: fitted on training data, kept as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import BadInput, check_int, short

UNKNOWN, NONE, ROOT = range(3)  # not seen in training; outside of the sentence; the place above the root
FIRST = 3


class Vocabulary:
    """Ids of strings: 0 unknown, 1 none (a place outside of the sentence), 2 root, 3, 4, ... the entries.

    entries : most frequent first, ties in the order of their characters; an id is no string, so no word of a
        text can be mistaken for one of the three
    n_once  : how many of the entries, the last ones, occurred a single time in training
    """

    def __init__(self, entries: Sequence[str], n_once: int = 0):
        self.entries = tuple(entries)
        self.n_once = n_once
        self.ids = {entry: i for i, entry in enumerate(self.entries, FIRST)}
        self.get = self.ids.get  # get(text, UNKNOWN), without a Python call for each word

    @classmethod
    def fit(cls, counts: Mapping[str, int], min_count: int = 1) -> Vocabulary:
        """The vocabulary of what occurs at least `min_count` times; counts: how often each text occurs."""
        kept = [text for text, count in counts.items() if count >= check_int("min_count", min_count, least=1)]
        kept.sort(key=lambda text: (-counts[text], text))
        return cls(kept, sum(counts[text] == 1 for text in kept))

    def __len__(self) -> int:
        """Rows that an embedding needs: entries and the three."""
        return FIRST + len(self.entries)

    def id(self, text: str) -> int:
        return self.get(text, UNKNOWN)

    def text(self, i: int) -> str:
        """The entry with id `i`. Raises BadInput for the three, and for ids beyond the last."""
        if not FIRST <= i < len(self):
            raise BadInput(f"id {short(i)} has no entry; ids of entries are {FIRST} to {len(self) - 1}")
        return self.entries[i - FIRST]

    @property
    def once(self) -> int:
        """The first id of an entry that occurred a single time: those of all later ids did too."""
        return len(self) - self.n_once

    def as_json(self) -> dict[str, Any]:
        """What `from_json` makes the same vocabulary of."""
        return {"entries": list(self.entries), "n_once": self.n_once}

    @classmethod
    def from_json(cls, value: Any, what: str = "a vocabulary") -> Vocabulary:
        """The vocabulary that `as_json` described. Raises BadInput, with `what`, for anything else."""
        entries, n_once = (
            json_field(value, key, kind, what) for key, kind in (("entries", list), ("n_once", int))
        )
        if not all(isinstance(e, str) for e in entries) or len(set(entries)) != len(entries):
            raise BadInput(f"{what}: entries must be different texts; the file is damaged")
        if not 0 <= n_once <= len(entries):
            raise BadInput(f"{what}: n_once {n_once} of {len(entries)} entries; the file is damaged")
        return cls(entries, n_once)


def json_field(value: Any, key: str, kind: type, what: str) -> Any:
    """value[key], a `kind`. Raises BadInput, with `what` it is read for, if it is missing or another thing."""
    found = value.get(key) if isinstance(value, dict) else None
    if not isinstance(found, kind) or (kind is int and isinstance(found, bool)):
        raise BadInput(f"{what}: {key!r} is {short(found)}, which is no {kind.__name__}; the file is damaged")
    return found
