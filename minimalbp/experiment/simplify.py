"""A network that shrinks during training, beside the dense one and the controls to compare it with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ..cost.forward import compare_forward
from ..errors import BadInput, Diverged
from ..files import replacing
from ..select import Dense
from ..simplify import Follower, Plan, Simplifier
from ..tasks import TASKS
from .arms import Arm, PreparedArm, fitted, open_folder, start_report, tell_of_compiling
from .build import network
from .folder import SMALL, Folder
from .settings import Settings

CONTROLS = ("from scratch", "magnitude", "random")
MIN_WIDTH = 10


def simplify_settings(**options: Any) -> Settings:
    """The settings of a run of meSimp, with the task's defaults for `simplify`."""
    task = TASKS.get(str(options.get("task", "classify")))
    model = str(options.get("model", "mlp"))
    own = task.simplify_defaults_of(model) if task else {}  # an unknown task is for Settings to refuse
    return Settings(**{key: value for key, value in own.items() if key != "prune"} | options)


def plan_of(settings: Settings, **options: Any) -> Plan:
    """The plan for these settings, with these fields. Raises BadInput for anything out of range.

    By default the prune rate is that of the task; a cycle is about a quarter of the epochs, so that the last one is
    a training cycle; ten units stay in each layer, or all of a smaller one.
    """
    task = settings.task_object
    own = {
        "prune": task.simplify_defaults_of(settings.model)["prune"], "cycle": _quarter(settings.epochs),
        "min_width": min([MIN_WIDTH, *(settings.filters or ()), *settings.hidden]),
    }  # fmt: skip
    return Plan(**own | options)


def simplify(
    settings: Settings,
    plan: Plan,
    data: Any,
    *,
    controls: bool = True,
    out: Path | None = None,
    resume: bool = False,
    progress: bool = False,
) -> dict[str, Any]:
    """Train a dense network, one that shrinks, and its controls, and report as `minimalbp simplify --json` does.

    Parameters
    ----------
    settings : Settings
        Of all networks.
    plan : Plan
        When units are removed.
    data : Dataset, TaggingData or ParsingData
        As ``load_data(settings)`` returns them.
    controls : bool, default True
        Whether to train three more networks. One is dense and has the reported widths from the start. Two shrink to
        these widths at the same time; one keeps the units with the largest weights, the other random units. Their
        moments are restarted where those of the network that shrinks are.
    out : Path, optional
        A new folder for run.json, metrics.jsonl, simplify.png, activeness.npz, and a checkpoint and the best
        weights of each network.
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
        As `fit` does; for a plan under which no unit or every unit would be removed; for a folder in use; for other
        data or settings than those of the run that is resumed.
    Diverged
        When a loss of the first two networks is no longer finite. A control that diverges is only noted.
    """
    if settings.k_schedule is not None:
        raise BadInput(
            f"simplify removes units by how often they are chosen, which k_schedule = {settings.k_schedule} would "
            "change; leave it out"
        )
    settings, notes = fitted(settings, data)
    if progress:
        tell_of_compiling(settings)
    folder, simplifier = Folder(out, "simplify"), Simplifier(plan)
    arms = [
        PreparedArm(Arm("dense", settings, Dense()), data, folder),
        PreparedArm(Arm(SMALL, settings, settings.selector(), simplifier), data, folder),
    ]
    _check(settings, plan, simplifier.parts)
    report = start_report(settings, data) | {
        "plan": asdict(plan), "controls": controls, "runs": [], "decoding": [],
    }  # fmt: skip
    if resume:
        folder.check_settings(report)

    def check() -> None:
        for arm in arms:
            arm.resume()

    names = ["dense", SMALL, *(CONTROLS if controls else ())]
    encoding = settings.task_object.vocabularies(data)
    open_folder(folder, report, names, encoding, check if resume else None)

    def train(arm: PreparedArm) -> dict[str, Any]:
        result = arm.train(progress=progress)
        result |= _sizes(result, arm.settings) | {"notes": [*result["notes"], *notes]}
        report["runs"].append(result)
        if not resume:  # finished networks can be used even if the rest fails
            folder.write("run.json", report)
        return result

    dense, small = train(arms.pop(0)), train(arms.pop(0))
    small["notes"] += _remarks(settings, plan, simplifier, small["widths"], dense["widths"])
    little = settings.changed(**settings.task_object.resized(settings, small["widths"]))
    for arm in _controls(settings, little, plan, simplifier, small["widths"]) if controls else ():
        prepared = PreparedArm(arm, data, folder)
        if resume:
            prepared.resume()
        try:
            train(prepared)
        except Diverged as e:
            small["notes"].append(f"{arm.name} diverged: {e}")
    large, net = (network(chosen, data, Dense()) for chosen in (settings, little))
    report["decoding"] = compare_forward(large, net, data, threads=settings.threads)
    if out is not None:
        _pictures(report, simplifier, folder, out)
        folder.write("run.json", report)
    return report


def _sizes(result: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """What run.json says of the sizes of a network at the evaluation that is reported."""
    task = settings.task_object
    widths = result.get("widths") or task.widths(settings)
    return {"widths": widths, **task.resized(settings, widths), "average_width": sum(widths) / len(widths)}


def _controls(
    settings: Settings, little: Settings, plan: Plan, simplifier: Simplifier, widths: list[int]
) -> Iterator[Arm]:
    """The controls, of the widths that are reported. `little` has the settings of a dense network of that size."""
    # A faithful run may shrink on after its best evaluation; its controls stop at the reported widths
    sizes = [list(map(max, evaluation, widths)) for evaluation in simplifier.sizes()]
    yield Arm(CONTROLS[0], little, Dense())
    for rule in CONTROLS[1:]:
        yield Arm(rule, settings, settings.selector(), Follower(sizes, rule, settings.seed, plan.restarts))


def _remarks(
    settings: Settings, plan: Plan, simplifier: Simplifier, widths: list[int], first: list[int]
) -> list[str]:
    """Notes on the network that shrank, from widths `first` to `widths` at its best evaluation."""
    said = list(simplifier.notes)
    if not said and simplifier.widths() == first:
        least = min(float(np.nanmin(picture)) for picture in simplifier.activeness)
        said.append(
            f"No unit was removed: even the least active was chosen in {least:.1%} of the examples, and the prune "
            f"rate is {plan.prune:.1%}; raise --prune."
        )
    elif widths == first != simplifier.widths():
        said.append(
            "The best evaluation came before the first removal, so the reported network has all its units."
        )
    if (settings.epochs - 1) // plan.cycle % 2 == 0:
        said.append(
            f"The run ends in a simplification cycle (cycle = {plan.cycle}); its last widths were evaluated seldom."
        )
    return said


def _quarter(epochs: int) -> int:
    """The cycle: about a quarter of the epochs, so that the last cycle is one of training."""
    cycles = (-(-epochs // parts) for parts in (4, 2))
    return next((cycle for cycle in cycles if -(-epochs // cycle) % 2 == 0), 1)


def _check(settings: Settings, plan: Plan, parts: int) -> None:
    """Raise BadInput for a plan under which no unit or every unit would be removed. `parts` is that of an epoch."""
    usable = parts * min(plan.cycle, settings.epochs) - (settings.epochs <= plan.cycle)
    if plan.window > usable:
        raise BadInput(
            f"window = {plan.window} is more than the {usable} evaluations of the first cycle after which training "
            "goes on, so that no unit would ever be removed; give a smaller window, or more epochs or evals"
        )
    if settings.task_object.dropout_silences and plan.prune + settings.dropout > 1 + 1e-9:
        raise BadInput(
            f"prune = {plan.prune:g} is above {1 - settings.dropout:g}: with dropout = {settings.dropout:g} no "
            "unit is active in more of the examples; give a smaller one"
        )


def _pictures(report: dict[str, Any], simplifier: Simplifier, folder: Folder, out: Path) -> None:
    """simplify.png, and activeness.npz: the arrays that it is drawn from, "layer/0" and so on."""
    from ..report.simplify_figure import draw

    arrays: dict[str, Any] = {f"layer/{i}": picture for i, picture in enumerate(simplifier.activeness)}
    with replacing(out / "activeness.npz") as temporary, open(temporary, "wb") as f:
        np.savez_compressed(f, **arrays)
    draw(simplifier.activeness, folder.metrics[SMALL], report, simplifier.parts, out / "simplify.png")
