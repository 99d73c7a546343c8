"""The folder of finished runs, each known by its settings and not by the code that made it.

Tables take hours and are made over several sittings. Versions and the processor that made a run stand in the run.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

from ..errors import BadInput
from ..files import read_json, write_json
from .settings import Settings

Run = dict[str, Any]


def identity(settings: dict[str, Any], base: Settings) -> str:
    """What tells a run from others, in words: its epochs, its seed and every setting that is not that of `base`.

    A setting that did not exist when a run was made had the value of `base`. The number of threads changes
    roundings only, so it is left out.
    """
    usual = base.as_json()
    words = {name: v for name, v in settings.items() if v != usual.get(name) and name != "threads"}
    words |= {"epochs": settings["epochs"], "seed": settings["seed"]}
    known = [f.name for f in fields(Settings)]  # and others, of a later version: such a run is no run of ours
    names = [name for name in known if name in words] + sorted(words.keys() - set(known))
    return " ".join(f"{name}={json.dumps(words[name])}" for name in names)


class KeptRuns:
    """Finished runs: one JSON file each in a folder, found again by their settings.

    Parameters
    ----------
    folder : path, optional
        Made when the first run is kept. None: runs are kept in memory only.
    base : Settings, optional
        The settings that file names leave out (default `Settings()`). A run that was made before a setting existed
        counts as made with its value here.
    also : iterable of path
        Reports, JSON files with a list "runs", whose runs count as finished too. A file in the folder comes first.

    Raises
    ------
    BadInput
        For a file there that is no run, or no report.

    Examples
    --------
    >>> import tempfile
    >>> from minimalbp import Settings
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     KeptRuns(folder).put({"settings": Settings(seed=3).as_json(), "test_accuracy": 0.97})
    ...     kept = KeptRuns(folder)
    ...     kept.get(Settings(seed=3))["test_accuracy"], kept.get(Settings(seed=4))
    (0.97, None)
    """

    def __init__(
        self, folder: str | Path | None, base: Settings | None = None, also: Iterable[str | Path] = ()
    ):
        self.folder = None if folder is None else Path(folder)
        self.base = base or Settings()
        self._runs: dict[str, Run] = {}
        self._files: dict[str, Path] = {}
        for path in map(Path, also):
            self._read(path, lambda report: report.get("runs", []))
        for path in sorted(self.folder.glob("*.json")) if self.folder else ():
            for name in self._read(path, lambda run: [run]):
                self._files[name] = path

    def __len__(self) -> int:
        return len(self._runs)

    def get(self, settings: Settings) -> Run | None:
        """The run with these settings, or None."""
        return self._runs.get(self.name(settings))

    def name(self, settings: Settings) -> str:
        """What tells these settings from others, in words."""
        return identity(settings.as_json(), self.base)

    def missing(self, wanted: Iterable[Settings]) -> list[Settings]:
        """Those that are not finished yet, each once."""
        names = {self.name(settings): settings for settings in wanted}
        return [settings for name, settings in names.items() if name not in self._runs]

    def put(self, run: Run) -> None:
        """Keep a finished run, a dictionary with its "settings", as a whole file or not at all."""
        name = identity(run["settings"], self.base)
        if self.folder:
            path = self._files.setdefault(name, self.folder / _file_name(name))
            write_json(path, run)
        self._runs[name] = run

    def forget(self, those: Iterable[Settings]) -> None:
        """Throw runs away. Those of reports are forgotten here, and stay in their files."""
        for settings in those:
            name = self.name(settings)
            self._runs.pop(name, None)
            if name in self._files:
                self._files.pop(name).unlink(missing_ok=True)

    def _read(self, path: Path, runs_of: Callable[[Any], list[Run]]) -> list[str]:
        """Take the runs of a file in; their identities."""
        try:
            found = {identity(run["settings"], self.base): run for run in runs_of(read_json(path))}
        except (AttributeError, KeyError, TypeError) as e:
            raise BadInput(
                f"{path} is no finished run or report of runs; take it out of {path.parent}"
            ) from e
        self._runs |= found
        return list(found)


def _file_name(identity: str) -> str:
    """A name that a person can read, and a hash, since paths of data need not fit into a name."""
    readable = re.sub(r"[^\w=,.]+", "-", re.sub(r'["\[\]]', "", identity)).strip("-")
    return f"{readable[:120]}-{hashlib.sha256(identity.encode()).hexdigest()[:8]}.json"
