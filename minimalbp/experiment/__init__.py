"""What the commands do: settings, networks side by side, many runs, and the folder that keeps a run."""

from .build import build
from .folder import SMALL
from .kept import KeptRuns
from .processes import run_many
from .settings import parse_k, whole_list
from .simplify import CONTROLS, simplify
from .sweep import merged_machine, sweep, train_run

__all__ = [
    "CONTROLS", "SMALL", "KeptRuns", "build", "merged_machine", "parse_k", "run_many", "simplify", "sweep",
    "train_run", "whole_list",
]  # fmt: skip
