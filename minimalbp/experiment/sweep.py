"""Many trainings: each trained once, kept in a folder, several at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ..backend import cores
from ..errors import BadInput, Diverged, check_int, short
from ..measure.machine import machine
from ..optim import Schedule
from ..train.fit import fit
from ..train.history import History
from ..train.pace import clip_notes
from ..train.scoring import last_scores
from .build import build, load_data
from .kept import KeptRuns, Run
from .processes import run_many
from .settings import Settings

Facts = Mapping[str, Any] | Callable[[], Mapping[str, Any]]


def train_run(settings: Settings, extra: Facts | None = None) -> Run:
    """Train one network and report what `sweep` keeps of it.

    Parameters
    ----------
    settings : Settings
        The network, its data and its training.
    extra : mapping, or callable that returns one, optional
        More to keep with the run, such as the commit of your code. A callable is called in the process of the run,
        before the training begins. What a run has anyway stays its own.

    Returns
    -------
    dict
        "settings", "seconds" (compiling included), "machine" and what `extra` holds. Of the best evaluation
        "best_epoch" and its scores and losses, such as "dev_accuracy", "test_accuracy", "dev_loss" and "test_loss".
        Of the network after the last step its scores, such as "last_test_accuracy". "first_loss" is the loss of the
        first step, "largest_loss" the largest mean loss between two evaluations. By epoch "train_loss_by_epoch",
        "dev_by_epoch", and "test_by_epoch", the test score at the best dev score so far, which a shorter run would
        have reported. A loss that is no longer finite is a result as well: such a run has "diverged", the message,
        instead of scores. "notes", if any, say what a user should know, such as a k that was clipped.

    Raises
    ------
    BadInput
        As `load_data` and `fit` do.

    Examples
    --------
    >>> from minimalbp import Settings
    >>> settings = Settings(hidden=(10,), epochs=1, batch=100, evals=1, backend="reference", threads=1)
    >>> run = train_run(settings, extra={"commit": "f0e1d2c"})
    >>> run["best_epoch"], run["settings"]["hidden"], run["commit"]
    (1, [10], 'f0e1d2c')
    """
    facts, data = dict((extra() if callable(extra) else extra) or {}), load_data(settings)
    net, optimizer = build(settings, data, settings.selector())
    changes, notes = settings.task_object.fitted(settings, data)
    batch = changes.get("batch", settings.batch)
    began = time.perf_counter()
    try:
        history = fit(
            net, data, optimizer, epochs=settings.epochs, batch_size=batch, rng=settings.seed,
            evals_per_epoch=settings.evals, threads=settings.threads,
            schedule=Schedule(settings.schedule, settings.warmup), k_schedule=settings.k_schedule,
            augment=settings.augmentation(),
        )  # fmt: skip
        found = _found(history) | last_scores(net, data, history, settings.threads)
    except Diverged as e:
        found = {"diverged": str(e)}
    found["seconds"] = round(time.perf_counter() - began, 1)
    said = [*net.notes(), *clip_notes(net, settings.k_schedule), *notes]
    found |= {"notes": said} if said else {}
    return facts | {"settings": settings.as_json(), **found, "machine": machine()}


def sweep(
    settings: Settings | Iterable[Settings],
    folder: str | Path | KeptRuns | None = None,
    *,
    jobs: int = 1,
    extra: Facts | None = None,
    tell: Callable[[str], None] | None = None,
) -> list[Run]:
    """Train what is not finished yet of many settings, and return all of their runs.

    Every run is kept as it ends, so that a sweep goes on where it was stopped, and sweeps that share settings share
    the runs. Runs of one seed see the same order of examples, and those of equal shape start from the same weights:
    `minimalbp.report.paired` compares them.

    Parameters
    ----------
    settings : Settings, or iterable of Settings
        What to train. Runs are known by all settings but the number of threads; equal ones are trained once.
    folder : path or KeptRuns, optional
        The folder of finished runs, one JSON file each. None: they are kept nowhere.
    jobs : int, default 1
        Runs at a time, each in a process of its own, which gets its share of the cores at most; 1: in this process.
    extra : mapping, or callable that returns one, optional
        More to keep with each run, as for `train_run`.
    tell : callable, optional
        Called with a line of text when the sweep begins and when a run ends, such as `print`.

    Returns
    -------
    list of dict
        The run of each of the settings, in their order, as `train_run` returns it.

    Raises
    ------
    BadInput
        For what are no settings, fewer jobs than 1, and as `KeptRuns` and `train_run` do.

    Examples
    --------
    >>> from minimalbp import Settings
    >>> from minimalbp.report import paired
    >>> base = Settings(hidden=(10,), k=2, epochs=1, batch=100, evals=1, backend="reference", threads=1)
    >>> seeds = range(2)
    >>> top_k = sweep(base.changed(seed=seed) for seed in seeds)
    >>> dense = sweep(base.changed(seed=seed, select="dense") for seed in seeds)
    >>> gap = paired(top_k, dense)
    >>> gap["n"], gap["low"] < gap["mean"] < gap["high"]
    (2, True)
    """
    jobs, wanted = check_int("jobs", jobs, least=1), _settings(settings)
    kept = folder if isinstance(folder, KeptRuns) else KeptRuns(folder)
    missing, tell = kept.missing(wanted), tell or (lambda line: None)
    share = max(1, cores() // jobs)
    todo = [(one.changed(threads=min(one.threads or share, share)), extra) for one in missing]
    tell(f"{len(wanted) - len(missing)} runs are done, {len(missing)} to do")
    began = time.perf_counter()
    for done, (i, run) in enumerate(run_many(train_run, todo, jobs), 1):
        kept.put(run)
        said = f"{kept.name(missing[i])}: {outcome(run)}, {run['seconds']:.0f} s"
        tell(progress_line(done, len(todo), began, said))
    found = [kept.get(one) for one in wanted]
    return [run for run in found if run is not None]


def merged_machine(runs: Iterable[Run]) -> dict[str, Any]:
    """The machines of all runs as one: each entry as it is, or what it was in turn.

    Parameters
    ----------
    runs : iterable of dict
        Runs as `sweep` returns them, or anything that has a "machine".

    Returns
    -------
    dict
        By the names of `minimalbp.machine()`.

    Examples
    --------
    >>> merged_machine([{"machine": {"numpy": "2.0", "cores": 2}}, {"machine": {"numpy": "2.1", "cores": 2}}])
    {'numpy': '2.0, 2.1', 'cores': 2}
    """
    machines = [run["machine"] for run in runs]
    merged: dict[str, Any] = {}
    for name in dict.fromkeys(name for one in machines for name in one):
        values = list(dict.fromkeys(one.get(name) for one in machines))
        merged[name] = values[0] if len(values) == 1 else ", ".join(map(str, values))
    return merged


def _settings(settings: Settings | Iterable[Settings]) -> list[Settings]:
    """Raise BadInput for anything else."""
    wanted: list[Settings] = [settings] if isinstance(settings, Settings) else list(settings)
    for one in wanted:
        if not isinstance(one, Settings):
            raise BadInput(f"a sweep is over Settings, not {short(one)}; make them with Settings(...)")
    return wanted


def _found(history: History) -> dict[str, Any]:
    """What a run has of a history: the best evaluation, and the curves by epoch."""
    best, last = history.best, {record.epoch: record for record in history.records}  # of each epoch
    tested = {r.epoch: next(iter(r.test.values())) for r in history.records if r.test is not None}
    return {
        **{name: v for name, v in best.as_json().items() if name.startswith(("dev_", "test_"))},
        "best_epoch": best.epoch,
        **({} if history.density is None else {"density": history.density}),
        "dev_by_epoch": [record.main for record in last.values()],
        "test_by_epoch": [tested[max(e for e in tested if e <= epoch)] for epoch in last],
        "first_loss": history.first_loss,
        "largest_loss": max(record.train_loss for record in history.records),
        "train_loss_by_epoch": [round(record.train_loss, 6) for record in last.values()],
    }


def progress_line(done: int, total: int, began: float, said: str) -> str:
    """What to tell when one more of several trainings ends; the first began at that `time.perf_counter()`."""
    left = (time.perf_counter() - began) / done * (total - done)
    return f"{done}/{total} {said}; about {f'{left:.0f} s' if left < 100 else f'{left / 60:.0f} min'} left"


def outcome(run: Run) -> str:
    """What came out of a run, in words."""
    if "diverged" in run:
        return str(run["diverged"])
    scores = (f"{name.replace('_', ' ')} {value:.4f}" for name, value in run.items()
              if name.startswith(("dev_", "test_")) and not name.endswith(("_loss", "_epoch")))  # fmt: skip
    return f"{', '.join(scores)} after epoch {run['best_epoch']}"
