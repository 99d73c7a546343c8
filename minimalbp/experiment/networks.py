"""The networks that a command left in a folder: their names, and the settings that each was trained with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import BadInput
from ..files import read_json
from .combine import plain, read_arms
from .folder import PRUNED, SMALL, TRAINED, file_stem, run_name
from .settings import Settings

DENSE = ("dense", "from scratch")  # networks of `simplify` that were trained without a selector


def read_report(folder: Path, remedy: str) -> Any:
    """run.json of a folder. Raises BadInput for a folder without one; `remedy` says how to make a run."""
    if not (folder / "run.json").is_file():
        raise BadInput(f"{folder} holds no run, since there is no run.json; {remedy}")
    return read_json(folder / "run.json")


def networks(report: Any, folder: Path) -> tuple[dict[str, Settings], str]:
    """The settings of the networks of a run by their names, and the name of the one that its command is about.

    Raises BadInput for a run.json of another kind, and for a run of `simplify` that is not finished.
    """
    try:
        settings = Settings(**report["config"] | {"threads": None})
        if "retrain" in report:
            return {TRAINED: settings, PRUNED: settings}, PRUNED
        if "plan" in report:
            small = _shrunk(report["runs"], settings, folder)
            return small, sorted(small, key=SMALL.__eq__)[-1]
        arms = read_arms(report, settings)
        dense = [plain(settings)] if report["dense"] else []
        seeds = range(settings.seed, settings.seed + report.get("seeds", 1))
    except (KeyError, TypeError) as e:
        raise BadInput(f"{folder / 'run.json'} is not that of a training run") from e
    several = len(seeds) > 1
    found = {
        run_name(one.arm(), seed, several): one.changed(seed=seed) for one in dense + arms for seed in seeds
    }
    return found, run_name(arms[0].arm(), settings.seed, several)


def weights_of(name: str, folder: Path) -> Path:
    """The file with the best weights of a network. Raises BadInput where it is not there yet."""
    path = folder / f"{file_stem(name)}.safetensors"
    if not path.is_file():
        raise BadInput(f"{folder} has no weights of {name} yet; go on with --resume {folder}")
    return path


def _shrunk(runs: list[dict[str, Any]], settings: Settings, folder: Path) -> dict[str, Settings]:
    """The settings of the networks of `minimalbp simplify`, with their filters and hidden units."""
    if not runs:
        raise BadInput(
            f"the run in {folder} is not finished; go on with minimalbp simplify --resume {folder}"
        )
    found = {}
    for run in runs:
        sizes = {name: tuple(run[name]) for name in ("filters", "hidden") if name in run}
        select = "dense" if run["name"] in DENSE else settings.select
        found[run["name"]] = settings.changed(**sizes, select=select)
    return found
