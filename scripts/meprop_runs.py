"""One training of a table, and the folder of those that are finished.

A finished run is known by its settings, not by the code that made it: the tables take hours and are made over
several sittings. Which commit, versions and processor made it stands in the run.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import fields
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from meprop_arms import BASE

import minimalbp as mbp
from minimalbp.errors import BadInput
from minimalbp.experiment.build import build, load_data
from minimalbp.experiment.settings import Settings
from minimalbp.files import read_json, replacing

Run = dict[str, Any]


def train(settings: Settings) -> Run:
    """One training; what is reported of it, and its curves by epoch. A loss that runs away is a result as well.

    test_by_epoch is the test accuracy at the best dev accuracy so far: what a shorter run would have reported.
    """
    made_by, data = commit(), load_data(settings)
    net, optimizer = build(settings, data, settings.selector())
    began = time.perf_counter()
    run: Run = {"settings": settings.as_json(), "dev_accuracy": None, "test_accuracy": None, "test_loss": None,
                "best_epoch": None}  # fmt: skip
    try:
        history = mbp.fit(
            net, data, optimizer, epochs=settings.epochs, batch_size=settings.batch, rng=settings.seed,
            evals_per_epoch=settings.evals, threads=settings.threads,
        )  # fmt: skip
    except mbp.Diverged as e:
        run["diverged"] = str(e)
    else:
        best, last = history.best, {r.epoch: r for r in history.records}
        tested = {r.epoch: next(iter(r.test.values())) for r in history.records if r.test is not None}
        so_far = [tested[max(e for e in tested if e <= epoch)] for epoch in last]
        run |= {
            "dev_accuracy": best.main, "test_accuracy": tested[best.epoch], "test_loss": best.test_loss,
            "best_epoch": best.epoch, "dev_by_epoch": [r.main for r in last.values()],
            "test_by_epoch": so_far, "train_loss_by_epoch": [round(r.train_loss, 6) for r in last.values()],
        }  # fmt: skip
        if "las" in best.dev:
            run |= {"dev_las": best.dev_las, "test_las": best.test_las}
    run |= {"seconds": round(time.perf_counter() - began, 1), "commit": made_by, "machine": mbp.machine()}
    return run


@cache
def commit() -> str | None:
    """The commit of the source tree, with a + where files differ from it; None outside of a repository.

    Ask before the work begins, as what a process runs is what it found then; hence the cache as well.
    """
    where = Path(__file__).parent

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=where, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        changed = git(
            "status", "--porcelain", "--untracked-files=no", "--", "../minimalbp", "../kernels", "."
        )
        return git("rev-parse", "--short=12", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def identity(settings: dict[str, Any]) -> str:
    """What tells a run from others, in words: its epochs, its seed and every setting that is not BASE's.

    A setting that did not exist when a run was made had the value of BASE; the number of threads changes roundings
    only.
    """
    base = BASE.as_json()
    words = {name: value for name, value in settings.items() if value != base.get(name) and name != "threads"}
    words |= {"epochs": settings["epochs"], "seed": settings["seed"]}
    return " ".join(f"{f.name}={json.dumps(words[f.name])}" for f in fields(Settings) if f.name in words)


class Kept:
    """Finished runs: one file each in `folder`, and those inside the tables that are at hand."""

    def __init__(self, folder: Path, tables: Iterable[Path] = ()):
        self.folder = folder
        self.runs: dict[str, Run] = {}
        for path in tables:
            self._read(path, lambda report: report.get("runs", []))
        for path in sorted(folder.glob("*.json")):
            self._read(path, lambda run: [run])

    def _read(self, path: Path, runs_of: Callable[[Any], list[Run]]) -> None:
        try:
            self._know(runs_of(read_json(path)))
        except (AttributeError, KeyError, TypeError) as e:
            raise BadInput(f"{path} is no run or table of these scripts; take it out of {path.parent}") from e

    def _know(self, runs: list[Run]) -> None:
        self.runs |= {identity(run["settings"]): run for run in runs}

    def get(self, settings: Settings) -> Run | None:
        """The run with these settings, or None."""
        return self.runs.get(identity(settings.as_json()))

    def put(self, run: Run) -> None:
        """Keep a finished run, whole or not at all."""
        with replacing(self._path(run["settings"])) as temporary:
            temporary.write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
        self._know([run])

    def forget(self, those: Iterable[Settings]) -> None:
        """Throw runs away."""
        for settings in those:
            self.runs.pop(identity(settings.as_json()), None)
            self._path(settings.as_json()).unlink(missing_ok=True)

    def _path(self, settings: dict[str, Any]) -> Path:
        """A name that a person can read, and a hash, since paths of data need not fit into a name."""
        words = identity(settings)
        readable = re.sub(r"[^\w=,.]+", "-", words.replace('"', "").replace("[", "").replace("]", "")).strip(
            "-"
        )
        return self.folder / f"{readable[:120]}-{hashlib.sha256(words.encode()).hexdigest()[:8]}.json"


def finish(todo: list[tuple[str, Settings]], kept: Kept, jobs: int, tell: Callable[[str], None]) -> None:
    """Train all of `todo`, (name, settings), `jobs` at a time, and keep each run as it ends."""
    began = time.perf_counter()

    def done(i: int, name: str, run: Run) -> None:
        kept.put(run)
        left = (time.perf_counter() - began) / i * (len(todo) - i)
        said = run.get("diverged") or (
            f"dev {run['dev_accuracy']:.4f} test {run['test_accuracy']:.4f} epoch {run['best_epoch']}"
        )
        tell(f"{i}/{len(todo)} {name}, seed {run['settings']['seed']}: {said}, {run['seconds']:.0f} s; "
             f"about {left / 60:.0f} min left")  # fmt: skip

    for i, (place, run) in enumerate(results(train, [(settings,) for _, settings in todo], jobs), 1):
        done(i, todo[place][0], run)


def results(
    work: Callable[..., Run], todo: Sequence[tuple[Any, ...]], jobs: int
) -> Iterator[tuple[int, Run]]:
    """(i, work(*todo[i])) as each ends, `jobs` at a time; 1: here, without a pool."""
    if jobs == 1:
        yield from ((i, work(*words)) for i, words in enumerate(todo))
        return
    with ProcessPoolExecutor(min(jobs, len(todo)) or 1, mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(work, *words): i for i, words in enumerate(todo)}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def on_stderr(line: str) -> None:
    """Progress, so that stdout holds nothing but the result."""
    print(line, file=sys.stderr, flush=True)


def merged(runs: list[Run]) -> dict[str, Any]:
    """The machines of all runs as one: each entry as it is, or what it was in turn."""
    names = dict.fromkeys(name for run in runs for name in run["machine"])
    found: dict[str, Any] = {}
    for name in names:
        values = list(dict.fromkeys(run["machine"].get(name) for run in runs))
        found[name] = values[0] if len(values) == 1 else ", ".join(map(str, values))
    return found
