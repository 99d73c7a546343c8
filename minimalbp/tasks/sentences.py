"""What the tasks on sentences have in common: a treebank, an embedding, and sentences to annotate."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from ..data import Sentence, Treebank
from ..errors import BadInput, unknown
from ..network import Sequential
from ..network.frozen import Frozen
from .base import Choices, Task
from .tags import TAG_COLUMNS

PARTS = ("train", "dev", "test")


class SentenceTask(Task):
    """A task whose networks read sentences and write something into them."""

    examples = "sentences"
    bidirectional: ClassVar[bool] = False  # whether the network can read both ways

    def check(self, settings: Choices) -> None:
        if settings.bidirectional and not self.bidirectional:
            raise BadInput(f"bidirectional is for a tagger; leave it out with the task {self.name}")
        if settings.tags not in TAG_COLUMNS:
            raise unknown("tags", settings.tags, TAG_COLUMNS)

    def encoding(self, data: Any) -> Any:
        return data.encoding

    def vocabularies(self, data: Any) -> dict[str, Any]:
        found: dict[str, Any] = data.encoding.as_json()
        return found

    @abstractmethod
    def read_encoding(self, value: Any) -> Any:
        """The encoding that `vocabularies` described. Raises BadInput for anything else."""

    @abstractmethod
    def annotate(
        self, net: Sequential | Frozen, encoding: Any, sentences: Sequence[Sentence]
    ) -> list[Sentence]:
        """The sentences with what the network finds. Raises BadInput for sentences that it cannot read."""

    @abstractmethod
    def compare(
        self, encoding: Any, gold: Sequence[Sentence], found: Sequence[Sentence]
    ) -> dict[str, float] | None:
        """The `scores` of the sentences found; None where `gold` has nothing to compare with."""


def describe(bank: Treebank) -> dict[str, Any]:
    """What every report says of a treebank."""
    parts = {part: getattr(bank, part) for part in PARTS}
    return {
        "name": bank.name, "source": bank.source, "sha256": bank.sha256, "division": bank.division,
        **{part: len(sentences) for part, sentences in parts.items()},
        "words": {part: sum(map(len, sentences)) for part, sentences in parts.items()},
    }  # fmt: skip


def check_part(bank: Treebank, part: str, check: Callable[[Sequence[Sentence]], object]) -> None:
    """`check(sentences)` of a part; what it refuses is told with the names of the treebank and the part."""
    try:
        check(getattr(bank, part))
    except BadInput as e:
        raise BadInput(f"{bank.name} {part}: {e}") from None
