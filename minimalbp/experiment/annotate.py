"""New sentences annotated by a tagger or parser that `minimalbp train` or `simplify` left in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..data import Sentence
from ..errors import BadInput, unknown
from ..files import read_json
from ..network import Sequential, weights
from ..network.frozen import Frozen
from ..select import Dense
from ..tasks import SentenceTask, sentence_task
from .folder import VOCABULARIES
from .networks import networks, read_report, weights_of


@dataclass(frozen=True, eq=False)
class Annotator:
    """A trained network and its encoding of sentences, made by `load_annotator`.

    Attributes
    ----------
    name : str
        The name of the network in its run, such as "dense" or "topk 10".
    net : Sequential
    task : SentenceTask
        What the network does with sentences.
    encoding : Tagging or Parsing
        The vocabularies of its training data.
    """

    name: str
    net: Sequential
    task: SentenceTask
    encoding: Any

    @cached_property
    def frozen(self) -> Frozen:
        """The network for inference, made at its first use."""
        return Frozen(self.net)

    def __call__(self, sentences: Sequence[Sentence], *, threads: int | None = None) -> list[Sentence]:
        """The sentences with predicted tags, or with predicted heads and relations.

        Raises BadInput for sentences without the tags that a parser reads.
        """
        with self.net.be.threads(threads):
            return self.task.annotate(self.frozen, self.encoding, sentences)

    def scores(self, gold: Sequence[Sentence], found: Sequence[Sentence]) -> dict[str, float] | None:
        """The scores of predicted sentences: "accuracy" of tags, or "uas" and "las" of trees.

        None where `gold` has a word without a tag or head, or a tree with several roots or a cycle, which the rules
        of CoNLL 2018 do not score.
        """
        return self.task.compare(self.encoding, gold, found)


def load_annotator(folder: str | Path, run: str | None = None) -> Annotator:
    """The tagger or parser of a run, with the weights of its best evaluation on the dev set.

    Parameters
    ----------
    folder : str or Path
        A folder that `minimalbp train --out` or `minimalbp simplify --out` made.
    run : str, optional
        The name of a network in run.json. Of `train`, "dense" or one with a selector, such as "topk 10"; the first
        of these is the default. Of a run with several seeds, such as "topk 10 seed 1". Of `simplify`, "dense",
        "simplified" (the default), "from scratch", "magnitude" or "random".

    Returns
    -------
    Annotator
        Called with sentences, it returns them annotated.

    Raises
    ------
    BadInput
        For a folder without such a run or network, and for a damaged file.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import minimalbp as mbp
    >>> sentence = mbp.Sentence(("she", "runs"), xpos=("PRP", "VBZ"))
    >>> with TemporaryDirectory() as folder:
    ...     bank, run = Path(folder, "bank.conllu"), Path(folder, "run")
    ...     mbp.write_conllu(bank, [sentence] * 20)
    ...     settings = mbp.Settings(
    ...         task="tagging", data=str(bank), hidden=(5,), k=2, lr=0.1, backend="reference"
    ...     )
    ...     report = mbp.compare(settings, mbp.load_data(settings), out=run)
    ...     annotator = mbp.load_annotator(run)
    >>> annotator([mbp.Sentence(("she", "runs"))])[0].xpos
    ('PRP', 'VBZ')
    """
    folder = Path(folder)
    report = read_report(folder, f"make one with minimalbp train --task tagging --out {folder}")
    found, usual = networks(report, folder)
    name = usual if run is None else run
    try:
        task = sentence_task(found[usual].task)
    except BadInput as e:
        raise BadInput(f"the run in {folder} is no tagger or parser: {e}") from None
    if name not in found:
        raise unknown("run", name, found)
    known = read_json(folder / VOCABULARIES)
    try:
        encoding = task.read_encoding(known)
    except BadInput as e:
        raise BadInput(f"{folder / VOCABULARIES}: {e}") from e
    path = weights_of(name, folder)
    net = task.network(found[name], encoding, Dense())  # the selector matters to training only
    weights.load(net, path)
    return Annotator(name, net, task, encoding)
