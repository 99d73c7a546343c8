"""What the tasks on sentences have in common: a treebank as data, and sentences to annotate."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from ..data import Sentence, Treebank
from ..data.treebank.load import PARTS
from ..errors import BadInput, unknown
from ..network import Sequential
from ..network.frozen import Frozen
from .base import Choices, Task
from .tags import TAG_COLUMNS, with_tags

SCALE = 0.5  # embeddings start in U(-SCALE, SCALE): with smaller ones the first hidden layer gets hardly any input


class SentenceTask(Task):
    """A task whose networks read sentences and write something into them."""

    data_help = "ud-english-ewt (default), or the path of a CoNLL-U file or of a folder of three"
    examples = "sentences"
    bidirectional: ClassVar[bool] = False  # whether the network can read both ways

    def check(self, settings: Choices) -> None:
        if settings.bidirectional and not self.bidirectional:
            raise BadInput(f"bidirectional is for a tagger; leave it out with the task {self.name}")
        for name, other in (("model", "mlp"), ("augment", None), ("filters", None), ("batchnorm", False),
                            ("cut", "after")):  # fmt: skip
            if getattr(settings, name) != other:
                raise BadInput(f"{name} is for pictures; leave it out with the task {self.name}")
        for name in ("topology", "density"):
            if getattr(settings, name) is not None:
                raise BadInput(f"{name} is for the task classify; leave it out with the task {self.name}")
        if settings.tags not in TAG_COLUMNS:
            raise unknown("tags", settings.tags, TAG_COLUMNS)

    def encoding(self, data: TreebankData) -> Any:
        return data.encoding

    def vocabularies(self, data: TreebankData) -> dict[str, Any]:
        found: dict[str, Any] = data.encoding.as_json()
        return found

    @abstractmethod
    def read_encoding(self, value: Any) -> Any:
        """The encoding that `vocabularies` described. Raises BadInput for anything else."""

    @abstractmethod
    def annotate(
        self, net: Sequential | Frozen, encoding: Any, sentences: Sequence[Sentence]
    ) -> list[Sentence]:
        """The sentences with what the network predicts. Raises BadInput for sentences that it cannot read."""

    @abstractmethod
    def compare(
        self, encoding: Any, gold: Sequence[Sentence], found: Sequence[Sentence]
    ) -> dict[str, float] | None:
        """The `scores` of predicted sentences; None where `gold` has nothing to compare with."""


class TreebankData:
    """A treebank for one task: what `TaggingData` and `ParsingData` have in common.

    Parameters
    ----------
    bank : Treebank
        With tags.
    column : {"xpos", "upos"}
        The tags that must be there.

    Attributes
    ----------
    encoding : Tagging or Parsing
        Learnt from the training part by the subclass.
    parts : dict of str to sequence of Sentence
        The sentences of "train", "dev" and "test".

    Raises
    ------
    BadInput
        For a word without a tag, with the name of its part.
    """

    encoding: Any

    def __init__(self, bank: Treebank, column: str):
        self.name, self.source, self.sha256, self.bank = bank.name, bank.source, bank.sha256, bank
        self.parts: dict[str, Sequence[Sentence]] = {part: getattr(bank, part) for part in PARTS}
        for part, sentences in self.parts.items():
            try:
                list(with_tags(sentences, column))
            except BadInput as e:
                raise BadInput(f"{bank.name} {part}: {e}") from None

    def describe(self) -> dict[str, Any]:
        """For run.json: the treebank, and the sentences and words of each part."""
        return {
            "name": self.name, "source": self.source, "sha256": self.sha256, "division": self.bank.division,
            **{part: len(sentences) for part, sentences in self.parts.items()},
            "words": {part: sum(map(len, sentences)) for part, sentences in self.parts.items()},
        }  # fmt: skip
