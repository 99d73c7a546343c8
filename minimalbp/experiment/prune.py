"""Take a trained network, or train one, prune it, retrain what is left, and make it small."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from ..errors import BadInput, check_int
from ..files import replacing
from ..prune import PrunePlan, Pruner
from ..train.scoring import score
from .arms import Arm, PreparedArm, fitted, open_folder, start_report, tell_of_compiling
from .before import Before, check_source, copy_weights
from .compaction import compaction
from .folder import PRUNED, TRAINED, Folder
from .settings import Settings

RETRAIN = 5  # epochs
PACE = 5  # epochs that 80 updates last, where no interval is given


def plan_of(settings: Settings, data: Any, **options: Any) -> PrunePlan:
    """The plan with these fields, for these data. Raises BadInput for anything out of range.

    By default updates come so often that 80 of them, which SPP needs, last five epochs. The paper's interval of 180
    steps is made for ImageNet.
    """
    return PrunePlan(**{"interval": max(1, round(PACE * _steps(settings, data) / 80))} | options)


def prune(
    settings: Settings,
    plan: PrunePlan,
    data: Any,
    *,
    source: str | Path | None = None,
    retrain: int = RETRAIN,
    measure: bool = False,
    fold_batchnorm: bool = False,
    out: Path | None = None,
    resume: bool = False,
    progress: bool = False,
) -> dict[str, Any]:
    """Prune a trained network and retrain what is left, and report as `minimalbp prune --json` does.

    Parameters
    ----------
    settings : Settings
        Of the network and of all trainings. Pruning and retraining have a constant learning rate and no k_schedule.
        Where `select` is not dense, the gradients of all of them are sparse.
    plan : PrunePlan
        What is pruned, and how.
    data : Dataset
        As ``load_data(settings)`` returns it.
    source : str or Path, optional
        A safetensors file with the weights of the trained network. By default one is trained first.
    retrain : int, default 5
        Epochs after the last removal.
    measure : bool, default False
        Whether to time the small network beside the one with zeros.
    fold_batchnorm : bool, default False
        Whether batch normalisation goes into the weights of the small network.
    out : Path, optional
        A new folder for run.json, metrics.jsonl, prune.png, trajectories.npz, checkpoints, and the weights before,
        after, packed and dense.
    resume : bool, default False
        Whether to go on with the run in `out`.
    progress : bool, default False
        Whether to show bars on a terminal.

    Returns
    -------
    dict
        What run.json holds.

    Raises
    ------
    BadInput
        As `fit` does; for a plan that the network cannot follow; for weights of other shapes, or packed, or
        not finite; for a folder in use; for other data or settings than those of the run that is resumed.
    Diverged
        When a loss is no longer finite.
    Unequal
        When the small network does not compute what the one with zeros computes. It is then not written, while
        run.json has the accuracies.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> from minimalbp.experiment import prune
    >>> from minimalbp.prune import PrunePlan
    >>> settings = mbp.Settings(
    ...     model="lenet", filters=(4, 6), hidden=(20,), select="dense", epochs=2, batch=100, backend="reference"
    ... )
    >>> plan = PrunePlan(ratio=0.5, method="columns-l1", interval=1, span=10)
    >>> report = prune(settings, plan, mbp.load_data(settings), retrain=1)
    >>> [(layer["name"], layer["pruned"], layer["groups"]) for layer in report["layers"]]
    [('0', 13, 25), ('3', 50, 100)]
    """
    retrain = check_int("retrain", retrain)
    if not settings.task_object.prunable:
        raise BadInput(f"prune is for networks of pictures and vectors, not for the task {settings.task}")
    if source is not None and not resume:
        check_source(source)
    settings, notes = fitted(settings, data)
    if progress:
        tell_of_compiling(settings)
    folder, steps = Folder(out, "prune"), _steps(settings, data)
    pruner = Pruner(plan, settings.seed, retrain * steps)
    later = _later(settings, plan, retrain, steps)
    pruned = PreparedArm(Arm(PRUNED, later, later.selector(), pruner), data, folder)
    pruner.on_settled = lambda: _test_scores(pruned)
    before = Before(settings, data, folder, source, resume)
    report = start_report(settings, data) | {
        "plan": plan.as_json(), "source": None if source is None else str(source), "retrain": retrain,
        "fold_batchnorm": fold_batchnorm, "accuracy": None, "speedup": None, "layers": [], "runs": [],
    }  # fmt: skip
    if resume:
        folder.check_settings(report)

    def check() -> None:
        before.resume()
        pruned.resume()

    names = [*([TRAINED] if source is None else []), PRUNED]
    open_folder(folder, report, names, None, check if resume else None)
    net, first = before.train(progress)
    report["runs"] = [first | {"notes": [*first["notes"], *notes]}] if first else []
    if not pruned.resumed:
        copy_weights(net, pruned.net)
    if first and not resume:  # the trained network can be used even if the rest fails
        folder.write("run.json", report)
    with net.be.threads(settings.threads):
        trained = score(net, data.test).main
    run = pruned.train(progress=progress)
    name = next(iter(report["scores"]))
    report["runs"].append(run | {"notes": [*run["notes"], *notes, *_remarks(pruner)]})
    report["accuracy"] = {
        "before": trained, "pruned": pruner.scores[name], "retrained": run[f"last_test_{name}"],
    }  # fmt: skip
    report |= {
        "updates": pruner.updates, "remainder": pruner.remainder,
        "recovered": [one.recovered() for one in pruner.layers], "settled": pruner.settled,
    }  # fmt: skip
    folder.write("run.json", report)  # the accuracies stand, whatever becomes of the small network
    report |= compaction(
        pruned.net, pruner.layers, data, fold_batchnorm=fold_batchnorm, timed=measure,
        threads=settings.threads, out=out,
    )  # fmt: skip
    if out is not None:
        _pictures(report, pruner, folder, out)
        folder.write("run.json", report)
    return report


def _steps(settings: Settings, data: Any) -> int:
    """The steps of an epoch."""
    return math.ceil(len(data.train) / settings.batch)


def _later(settings: Settings, plan: PrunePlan, retrain: int, steps: int) -> Settings:
    """The settings of pruning and retraining, with epochs for all updates; it ends when it is done."""
    most = (plan.updates - 1) * plan.interval
    epochs = math.ceil(max(most + 1, most + retrain * steps) / steps)
    return settings.changed(schedule="constant", warmup=0, k_schedule=None, epochs=epochs)


def _test_scores(arm: PreparedArm) -> dict[str, float]:
    """The scores on the test part in the middle of a training, which are no part of its seconds."""
    with arm.meter.aside():
        return score(arm.net, arm.data.test).scores


def _remarks(pruner: Pruner) -> list[str]:
    """What a user should know: groups that left by rank alone."""
    return [
        f"layer {one.name}: {left} of its {one.target} {pruner.plan.kind} had not left after {pruner.updates} "
        "updates, and left by rank; raise --margin or --updates"
        for one, left in zip(pruner.layers, pruner.remainder)
        if left
    ]


def _pictures(report: dict[str, Any], pruner: Pruner, folder: Folder, out: Path) -> None:
    """prune.png, and trajectories.npz: the probabilities after each update, "layer/0" and so on."""
    import numpy as np

    from ..report.prune_figure import draw

    paths = {one.name: np.array(rows) for one, rows in zip(pruner.layers, pruner.trajectories)}
    with replacing(out / "trajectories.npz") as temporary, open(temporary, "wb") as f:
        arrays: dict[str, Any] = {f"layer/{name}": array for name, array in paths.items()}
        np.savez_compressed(f, **arrays)
    draw(paths, folder.metrics[PRUNED], report, out / "prune.png")
