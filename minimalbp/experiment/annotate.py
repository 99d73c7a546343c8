"""A tagger or parser that `minimalbp train` or `simplify` has left in a folder, at work on new sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..data import Sentence
from ..data.treebank.sentence import tree_fault
from ..errors import BadInput, unknown
from ..files import read_json
from ..network import Sequential, weights
from ..network.frozen import Frozen
from ..select import Dense
from ..tasks import Parsing, Tagging, attachment, parse, tag, tag_accuracy
from ..tasks.tags import MISSING, tags_of
from .build import network
from .folder import SMALL, VOCABULARIES, file_stem
from .settings import Settings


@dataclass(frozen=True, eq=False)
class Annotator:
    """A trained network with what it knows of words. `name` is that of its run: "dense", "topk 10"."""

    name: str
    net: Sequential
    task: Tagging | Parsing

    @cached_property
    def answers(self) -> Frozen:
        """The network as it was when first asked."""
        return Frozen(self.net)

    def __call__(self, sentences: Sequence[Sentence], *, threads: int | None = None) -> list[Sentence]:
        """The sentences with the tags, or the heads and relations, that the network finds.

        Raises BadInput for sentences without the tags that a parser reads.
        """
        with self.net.be.threads(threads):
            if isinstance(self.task, Tagging):
                return tag(self.answers, self.task, sentences)
            _check_tags(sentences, self.task.column)
            return parse(self.answers, self.task, sentences)

    def scores(self, gold: Sequence[Sentence], found: Sequence[Sentence]) -> dict[str, float] | None:
        """How much of `gold` was found: {"accuracy"} of tags, or {"uas", "las"}; None where gold has none.

        A tree with several roots or a cycle is none: the rules of CoNLL 2018 do not score against it.
        """
        column = self.task.column
        if isinstance(self.task, Tagging):
            if any(MISSING in tags_of(s, column) for s in gold):
                return None
            return {"accuracy": tag_accuracy(gold, [tags_of(s, column) for s in found], column)}
        if any(tree_fault(s.heads) for s in gold):
            return None
        trees = attachment(gold, found)
        return {"uas": trees.uas, "las": trees.las}


def load_annotator(folder: str | Path, run: str | None = None) -> Annotator:
    """The tagger or parser of a run, with the weights of its best look at the dev set.

    run: a name in run.json: "dense", or that with the selector, such as "topk 10"; of `simplify` "dense",
    "simplified", "from scratch", "magnitude" or "random". Default: the one with the selector, or "simplified".
    Raises BadInput for a folder that holds no such run.
    """
    folder = Path(folder)
    if not (folder / "run.json").is_file():
        raise BadInput(
            f"{folder} holds no run: there is no run.json; "
            f"make one with minimalbp train --task tagging --out {folder}"
        )
    report = read_json(folder / "run.json")
    settings, names, hidden = _settings(report, folder)
    if settings.task == "classify":
        raise BadInput(
            f"the run in {folder} is no tagger or parser; train one with --task tagging or parsing"
        )
    if run is not None and run not in names:
        raise unknown("run", run, names)
    known = read_json(folder / VOCABULARIES)
    try:
        task: Any = (Tagging if settings.task == "tagging" else Parsing).from_json(known)
    except BadInput as e:
        raise BadInput(f"{folder / VOCABULARIES}: {e}") from e
    name = run or names[-1]
    path = folder / f"{file_stem(name)}.safetensors"
    if not path.is_file():
        raise BadInput(f"{folder} has no weights of {name} yet; go on with --resume {folder}")
    settings = settings.changed(hidden=tuple(hidden.get(name, settings.hidden)))
    net = network(settings, task, Dense())  # the selector matters to training only
    weights.load(net, path)
    return Annotator(name, net, task)


def _settings(report: Any, folder: Path) -> tuple[Settings, list[str], dict[str, list[int]]]:
    """The settings of a run; its networks, that with a selector last; the widths of those that shrank."""
    try:
        settings = Settings(**report["config"] | {"threads": None})
        if "plan" in report:
            return settings, *_shrunk(report["runs"], folder)
        names = ["dense"] if report["dense"] or settings.select == "dense" else []
    except (KeyError, TypeError) as e:
        raise BadInput(f"{folder / 'run.json'} is not that of a training run") from e
    return settings, names + ([settings.arm()] if settings.select != "dense" else []), {}


def _shrunk(runs: list[dict[str, Any]], folder: Path) -> tuple[list[str], dict[str, list[int]]]:
    """The networks of `minimalbp simplify`, that which shrank last, and their widths."""
    if not runs:
        raise BadInput(
            f"the run in {folder} is not finished; go on with minimalbp simplify --resume {folder}"
        )
    names = sorted((run["name"] for run in runs), key=SMALL.__eq__)
    return names, {run["name"]: run["hidden"] for run in runs}


def _check_tags(sentences: Sequence[Sentence], column: str) -> None:
    for number, sentence in enumerate(sentences, 1):
        if MISSING in tags_of(sentence, column):
            word = tags_of(sentence, column).index(MISSING) + 1
            raise BadInput(
                f"sentence {number}: word {word} has no {column} tag, which this parser reads; "
                "let a tagger of minimalbp annotate write it first"
            )
