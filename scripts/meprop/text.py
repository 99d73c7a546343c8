"""The two tasks on text of the meProp paper as arms, on UD English EWT instead of the licensed Penn Treebank.

Written out in full, as BASE is: finished runs are known by their settings. The paper's figures stand on
docs/results/meprop.md: they are of another corpus, and no arm is compared with them.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from minimalbp import Sentence, Settings, write_conllu

from .arms import Arm, Table

TAGGING = Settings(
    task="tagging", data="ud-english-ewt", hidden=(500,), select="dense", optimizer="adam", rows="all", lr=1e-3,
    epochs=5, batch=1, dropout=0.0, clip=None, init="glorot_uniform", evals=4, tags="xpos", bidirectional=False,
    seed=0, backend="cpu", threads=1,
)  # fmt: skip
# Dropout as in Chen and Manning's parser and meProp's Table 4: without it the loss of top-k jumps up and down.
# It needs larger steps, since an epoch of EWT has only 40.
PARSING = TAGGING.changed(task="parsing", epochs=10, batch=10_000, evals=2, dropout=0.5, lr=2e-3)


def _arm(base: Settings, name: str, against: str = "", **changes: Any) -> Arm:
    return Arm(name, changes, against, base=base)


def _tagging() -> Table:
    dense = "dense h=500"
    arms = [_arm(TAGGING, dense)]
    arms += [_arm(TAGGING, f"top-k k={k}", dense, select="topk", k=k) for k in (10, 5)]
    arms += [_arm(TAGGING, f"dense h={h}", f"top-k k={h}", hidden=(h,)) for h in (10, 5)]
    return Table("POS tagging, EWT", tuple(arms), TAGGING.epochs)


def _parsing() -> Table:
    dense = "dense h=500"
    return Table("Dependency parsing, EWT, dropout 0.5", (
        _arm(PARSING, dense), _arm(PARSING, "top-k k=20", dense, select="topk", k=20),
        _arm(PARSING, "dense h=20", "top-k k=20", hidden=(20,)),
    ), PARSING.epochs)  # fmt: skip


TEXT_TABLES = {"tagging": _tagging(), "parsing": _parsing()}


def smaller(settings: Settings, data: str) -> Settings:
    """The same arm for a smoke test: an epoch, a fiftieth of the units, a tenth of k, small batches."""
    return settings.changed(
        data=data, epochs=1, hidden=tuple(max(2, h // 50) for h in settings.hidden), batch=min(100, settings.batch),
        k=max(1, int(settings.k) // 10) if settings.select != "dense" else settings.k,
    )  # fmt: skip


def made_up(path: Path) -> str:
    """Write a treebank of 40 sentences for smoke tests, one of them not projective; returns its path."""
    draw = random.Random(0)
    sentences = []
    for i in range(40):
        subject, verb = draw.choice(("she", "he", "it")), draw.choice(("sleeps", "runs", "saw"))
        forms, tags, heads, rels = [subject, verb], ["PRP", "VBZ"], [2, 0], ["nsubj", "root"]
        if draw.random() < 0.5:
            forms, tags = [*forms, "the", draw.choice(("cat", "saw"))], [*tags, "DT", "NN"]
            heads, rels = [*heads, 4, 2], [*rels, "det", "obj"]
        if i == 0:  # 1 hangs on 3, across the arc from the root to 2
            forms, tags, heads, rels = (
                ["who", "did", "she", "see"],
                ["WP", "VBD", "PRP", "VB"],
                [3, 0, 2, 2],
                list("abcd"),
            )
        sentences.append(Sentence(tuple(forms), (), tuple(tags), tuple(heads), tuple(rels)))
    write_conllu(path, sentences)
    return str(path)
