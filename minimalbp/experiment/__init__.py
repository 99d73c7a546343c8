"""What the commands do: read settings, train networks side by side or many runs, and keep a run in a folder."""

from ..select import parse_k
from .build import build
from .folder import SMALL
from .graphchallenge import graphchallenge
from .kept import KeptRuns
from .numbers import check_ints
from .processes import run_many
from .prune import prune
from .simplify import CONTROLS, simplify
from .sweep import merged_machine, sweep, train_run

__all__ = [
    "CONTROLS",
    "SMALL",
    "KeptRuns",
    "build",
    "check_ints",
    "graphchallenge",
    "merged_machine",
    "parse_k",
    "prune",
    "run_many",
    "simplify",
    "sweep",
    "train_run",
]  # fmt: skip
