"""A network that shrinks while it trains, beside the networks that it must be better than."""

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
from .arms import Arm, clipped, open_folder, start_report, train_arm
from .build import AnyData, build, network, task_of
from .folder import SMALL, Folder
from .settings import Settings

CONTROLS = ("from scratch", "magnitude", "random")
# What meSimp has of its own where nothing else is said: k and prune rate of the released MNIST run; k of the
# paper's tagger and parser, whose rates were never published: these are our choice (docs/results/mesimp.md)
DEFAULTS: dict[str, dict[str, Any]] = {
    "classify": {"k": 160, "prune": 0.1},
    "tagging": {"k": 20, "prune": 0.08, "epochs": 6},
    "parsing": {"k": 20, "prune": 0.035, "dropout": 0.2, "epochs": 16},
}
MIN_WIDTH = 10


def plan_of(settings: Settings, **given: Any) -> Plan:
    """The plan of these settings, with what is given. Else a cycle is about a quarter of the epochs, the last one
    for training; the prune rate is that of the task; ten units stay, or all of a smaller layer.

    Raises BadInput for anything out of range.
    """
    own = {
        "prune": DEFAULTS[settings.task]["prune"], "cycle": _quarter(settings.epochs),
        "min_width": min(MIN_WIDTH, *settings.hidden),
    }  # fmt: skip
    return Plan(**own | given)


def simplify(
    settings: Settings,
    plan: Plan,
    data: AnyData,
    *,
    controls: bool = True,
    out: Path | None = None,
    resume: bool = False,
    progress: bool = False,
) -> dict[str, Any]:
    """Train the dense network, the one that shrinks, and its controls; report as `minimalbp simplify --json` does.

    controls: a dense network of the last widths from scratch, and two that shrink to the same widths at the same
    time, their moments restarted where those were, keeping the units of the largest weights, or any.
    out: a folder for run.json, metrics.jsonl, simplify.png, activeness.npz, and a checkpoint and the best weights
    of each network. resume: go on from those. progress: whether to show bars on a terminal.
    Raises BadInput as `fit` does, for a plan under which nobody or everybody would leave, and for other data or
    settings than those of the resumed run; Diverged for the first two networks: a control that diverges is a note.
    """
    settings, notes = clipped(settings, data)
    simplifier = Simplifier(plan)
    arms = [
        Arm("dense", settings, Dense()),
        Arm(SMALL, settings, settings.selector(), simplifier),
    ]
    report = start_report(settings, data) | {
        "plan": asdict(plan), "controls": controls, "runs": [], "decoding": [],
    }  # fmt: skip
    # A plan that does not fit is refused here, before anything is written.
    looks = min(settings.evals, -(-len(data.train) // settings.batch))
    Simplifier(plan).begin(*build(settings, data, settings.selector()), looks)
    _check(settings, plan, looks)
    folder, later = Folder(out, "simplify"), list(CONTROLS) if controls else []
    if resume:
        folder.check_settings(report)
    open_folder(folder, report, data, arms, later, resume)
    if resume:
        for name in ("dense", SMALL, *later):
            folder.load_history(name)

    def train(arm: Arm) -> dict[str, Any]:
        folder.load_history(arm.name)
        result = train_arm(arm, data, folder, resume=resume, progress=progress)
        result |= _sizes(result, arm) | {"notes": [*result["notes"], *notes]}
        report["runs"].append(result)
        if not resume:  # what is done can be used whatever becomes of the rest
            folder.write("run.json", report)
        return result

    dense, small = map(train, arms)
    small["notes"] += _remarks(settings, plan, simplifier, small["widths"], dense["widths"])
    little = settings.changed(hidden=tuple(small["hidden"]))
    for arm in _controls(settings, little, plan, simplifier, small["widths"]) if controls else ():
        try:
            train(arm)
        except Diverged as e:
            small["notes"].append(f"{arm.name} diverged: {e}")
    large, net = (network(chosen, task_of(data), Dense()) for chosen in (settings, little))
    report["decoding"] = compare_forward(large, net, data, threads=settings.threads)
    if out is not None:
        _pictures(report, simplifier, folder, out)
        folder.write("run.json", report)
    return report


def _sizes(result: dict[str, Any], arm: Arm) -> dict[str, Any]:
    """What run.json says of the sizes of a network, at the look that is reported."""
    directions = 1 + arm.settings.bidirectional
    widths = result.get("widths") or [directions * width for width in arm.settings.hidden]
    return {"widths": widths, "hidden": [width // directions for width in widths],
            "average_width": sum(widths) / len(widths)}  # fmt: skip


def _controls(
    settings: Settings, little: Settings, plan: Plan, simplifier: Simplifier, widths: list[int]
) -> Iterator[Arm]:
    """The networks of the size that was scored. little: the settings of an ordinary network of that size."""
    sizes = [
        list(map(max, look, widths)) for look in simplifier.sizes()
    ]  # a faithful run may shrink on after its best look
    yield Arm(CONTROLS[0], little, Dense())
    for rule in CONTROLS[1:]:
        yield Arm(rule, settings, settings.selector(), Follower(sizes, rule, settings.seed, plan.restarts))


def _remarks(
    settings: Settings, plan: Plan, simplifier: Simplifier, widths: list[int], first: list[int]
) -> list[str]:
    """What a user should be told of the network that shrank, from widths `first` to `widths` at its best look."""
    said = list(simplifier.notes)
    if not said and simplifier.widths() == first:
        least = min(float(np.nanmin(picture)) for picture in simplifier.activeness)
        said.append(
            f"no unit left: the least active was so in {least:.3g} of the examples at a look, and the prune rate "
            f"is {plan.prune:g}, of a look's examples rounded down; a larger one takes units out"
        )
    elif widths == first != simplifier.widths():
        said.append("the best look came before any unit left: it has all units, and so have the controls")
    if (settings.epochs - 1) // plan.cycle % 2 == 0:
        said.append(
            f"the run ends in a simplification cycle (cycle = {plan.cycle}), with few looks at its last widths"
        )
    return said


def _quarter(epochs: int) -> int:
    """The cycle: about a quarter of the epochs, so that the last cycle is one of training."""
    cycles = (-(-epochs // parts) for parts in (4, 2))
    return next((cycle for cycle in cycles if -(-epochs // cycle) % 2 == 0), 1)


def _check(settings: Settings, plan: Plan, looks: int) -> None:
    """Raise BadInput where no unit, or every unit, would leave whatever it does. looks: in an epoch."""
    usable = looks * min(plan.cycle, settings.epochs) - (settings.epochs <= plan.cycle)
    if plan.window > usable:
        raise BadInput(
            f"window = {plan.window} is more than the {usable} looks in the first cycle after which training goes "
            "on, so that no unit would ever leave; give a smaller one, or more epochs or evals"
        )
    if settings.task != "tagging" and plan.prune + settings.dropout > 1 + 1e-9:
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
    draw(simplifier.activeness, folder.metrics[SMALL], report["runs"], simplifier.parts, out / "simplify.png")
