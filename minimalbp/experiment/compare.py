"""The same network dense and with selectors: same initial weights, same order of examples, one seed or several."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import Diverged, check_int
from ..report.curves import check_target, set_target
from ..tasks.edges import fingerprint, from_file
from ..train.progress import tell
from .arms import Arm, PreparedArm, fitted, open_folder, start_report, tell_of_compiling
from .build import network
from .combine import LISTS, check_arms, plain
from .folder import Folder
from .processes import run_many
from .settings import Settings
from .summary import speedups, summarise
from .sweep import outcome, progress_line

Run = dict[str, Any]


def compare(
    arms: Settings | Iterable[Settings],
    data: Any,
    *,
    dense: bool = True,
    seeds: int = 1,
    out: Path | None = None,
    resume: bool = False,
    progress: bool = False,
    target: float | None = None,
) -> dict[str, Any]:
    """Train a network dense and with selectors or topologies, and report on all as `minimalbp train --json` does.

    Parameters
    ----------
    arms : Settings, or list of Settings
        One for each arm beside dense. They differ in topology, density, select, k and center only.
    data : Dataset, TaggingData or ParsingData
        As ``load_data(settings)`` returns them.
    dense : bool, default True
        Whether to train the dense network too, without a topology or centring.
    seeds : int, default 1
        How often to train each arm: with the seed of the settings, the next one, and so on. Several seeds are
        trained side by side, in as many processes as the settings have threads.
    out : Path, optional
        A new folder for run.json, metrics.jsonl, and a checkpoint and the best weights of each network.
    resume : bool, default False
        Whether to go on with the run in `out`.
    progress : bool, default False
        Whether to tell on stderr what is being done: bars on a terminal, lines where there are several seeds.
    target : float, optional
        A dev score, a share such as 0.975: "seconds_to_target" of each run says when training first reached it. By
        default 99 % of the best dev score of the first network.

    Returns
    -------
    dict
        What run.json holds: "runs" has an entry for each arm and seed, arm by arm. A loss that is no longer finite
        is a result as well: such an entry has "diverged", the message, instead of scores and seconds.

    Raises
    ------
    BadInput
        As `fit` does, for arms that differ in something else, for a folder in use, and for other data than those of
        the run that is resumed.
    Diverged
        When no loss stays finite.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> settings = mbp.Settings(hidden=(20,), k="10%", epochs=1, backend="reference")
    >>> report = mbp.compare([settings, settings.changed(select="unified")], mbp.load_data(settings))
    >>> [run["name"] for run in report["runs"]]
    ['dense', 'topk 10%', 'unified 10%']
    >>> dense, top_k, unified = (run["ops"]["dw"] for run in report["runs"])
    >>> max(top_k, unified) < dense
    True
    """
    seeds, target = check_int("seeds", seeds, least=1), None if target is None else check_target(target)
    sparse, usual, notes = _choose(check_arms(arms), data, dense)
    shared = (sparse or usual)[0]
    job = [
        Arm(one.arm(), one.changed(seed=shared.seed + i), one.selector(), several=seeds > 1)
        for one in [*usual, *sparse] for i in range(seeds)
    ]  # fmt: skip
    if progress:
        tell_of_compiling(shared)
    folder = Folder(out)
    ready = [PreparedArm(job[0], data, folder)]  # others of its edges differ in nothing that could be refused
    for one in {one.topology: one for one in sparse if one.topology is not None}.values():
        network(one, data, one.selector())
    report = start_report(shared, data) | {
        "dense": bool(usual), "arms": [{name: getattr(one, name) for name in LISTS} for one in sparse],
        "seeds": seeds, "jobs": min(shared.threads or 1, len(job)) if seeds > 1 else 1, "runs": [],
        "speedup": _speedup({"runs": []}, sparse, seeds), "target_given": target,
    }  # fmt: skip

    if files := {one.topology: fingerprint(one) for one in sparse if from_file(one)}:
        report["edges"] = files

    def prepared(arm: Arm) -> PreparedArm:
        return ready.pop() if ready and arm is job[0] else _prepared(arm, data, folder, resume)

    def check() -> None:
        folder.check_edges(report)
        ready[0].resume()
        for arm in job[1:]:
            _prepared(arm, data, folder, True)

    encoding = shared.task_object.vocabularies(data)
    open_folder(folder, report, [arm.key for arm in job], encoding, check if resume else None)
    if seeds == 1:
        results: Iterator[tuple[int, Run]] = (
            (i, _outcome(prepared(arm), progress)) for i, arm in enumerate(job)
        )
    else:
        ready.clear()
        results = _side_by_side(job, data, folder, resume, report["jobs"], tell if progress else _silent)
    done: dict[int, Run] = {}
    for i, result in results:
        done[i] = result | {"notes": [*result["notes"], *notes]}
        report["runs"] = [done[i] for i in sorted(done)]
        report["speedup"] = _speedup(report, sparse, seeds)
        if seeds > 1:
            report["summary"] = summarise(report)
        set_target(report, target)
        if not resume or len(done) == len(job):  # what was there before stays until all of it is there again
            folder.write("run.json", report)
    if all("diverged" in run for run in report["runs"]):
        raise Diverged(report["runs"][0]["diverged"])
    return report


def _choose(arms: list[Settings], data: Any, dense: bool) -> tuple[list[Settings], list[Settings], list[str]]:
    """The arms beside dense, dense or nothing, and notes for the user. All have the batch that these data allow."""
    shared, notes = fitted(arms[0], data)
    fitting = [one.changed(batch=shared.batch, hidden=shared.hidden) for one in arms]
    usual = plain(shared)
    sparse = [one for one in fitting if one.arm() != usual.arm()]
    return sparse, [usual] if dense or len(sparse) < len(arms) else [], notes


def _prepared(arm: Arm, data: Any, folder: Folder, resume: bool) -> PreparedArm:
    """An arm that goes on from its checkpoint, if it is to and has one."""
    prepared = PreparedArm(arm, data, folder)
    if resume:
        prepared.resume()
    return prepared


def _outcome(prepared: PreparedArm, progress: bool) -> Run:
    """Train an arm. Returns what run.json says of it, also if its loss is no longer finite."""
    try:
        return prepared.train(progress=progress)
    except Diverged as e:
        return prepared.arm.describe() | {"diverged": str(e), "notes": prepared.notes()}


def _train(arm: Arm, data: Any, path: Path | None, resume: bool) -> Run:
    """Train an arm in a process that may not be the only one."""
    return _outcome(_prepared(arm, data, Folder(path, live=False), resume), progress=False)


def _side_by_side(
    job: list[Arm], data: Any, folder: Folder, resume: bool, jobs: int, say: Callable[[str], None]
) -> Iterator[tuple[int, Run]]:
    """Train several arms at a time, seed by seed, with a share of the threads each: (index of the arm, run)."""
    share = (job[0].settings.threads or 1) // jobs
    order = sorted(range(len(job)), key=lambda i: job[i].settings.seed)
    arms = [replace(job[i], settings=job[i].settings.changed(threads=share)) for i in order]
    say(f"{len(job)} trainings, {jobs} at a time")
    began = time.perf_counter()
    todo = [(arm, data, folder.path, resume) for arm in arms]
    for done, (i, run) in enumerate(run_many(_train, todo, jobs), 1):
        folder.load_history(arms[i].key)
        folder.write_metrics()
        say(progress_line(done, len(todo), began, f"{arms[i].key}: {outcome(run)}"))
        yield order[i], run


def _silent(line: str) -> None:
    """Say nothing."""


def _speedup(report: dict[str, Any], sparse: list[Settings], seeds: int) -> dict[str, Any]:
    """The speed-ups by arm. Of one arm and one seed also without its name, as before there were several."""
    found: dict[str, Any] = {**speedups(report)}
    if len(sparse) > 1 or seeds > 1:
        return found
    (mine,) = found.values() or [{"backward": None, "step": None}]
    return found | mine
