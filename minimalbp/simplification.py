"""A network that shrinks while it trains, beside the networks that it must be better than."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from .arms import Arm, clipped, head, open_folder, train_arm
from .assembly import AnyData, build, network
from .data import Dataset
from .errors import BadInput, Diverged
from .files import replacing
from .folder import Folder
from .select import Dense
from .settings import Settings
from .simplify import GATE_G, Follower, Plan, Shrinker, Simplifier, first_rows
from .speed import decoding

SMALL = "simplified"
CONTROLS = ("from scratch", "magnitude", "random")
# What meSimp has of its own where nothing else is said: k and prune rate of the released MNIST run; k of the
# paper's tagger and parser, with rates that were never published (docs/results/mesimp.md)
DEFAULTS: dict[str, dict[str, Any]] = {
    "classify": {"k": 160, "prune": 0.1},
    "tagging": {"k": 20, "prune": 0.02, "epochs": 8},
    "parsing": {"k": 20, "prune": 0.08, "epochs": 12},
}
MIN_WIDTH = 10


def plan_of(settings: Settings, **given: Any) -> Plan:
    """The plan of these settings, with what is given. Else a cycle is a quarter of the epochs, rounded down but not
    to none; the prune rate is that of the task; ten units stay, or all of a smaller layer.

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
    time, their moments restarted where those were, keeping the units of the largest weights, or any. Per gate, that
    from scratch has gates of the last sizes too, and each but the dense one says its "rows": of every layer and
    direction, those of i, f, g and o.
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
    report = head(settings, data) | {
        "plan": asdict(plan), "controls": controls, "runs": [], "decoding": [],
    }  # fmt: skip
    # A plan that does not fit is refused here, before anything is written.
    looks = min(settings.evals, -(-len(data.train) // settings.batch))
    Simplifier(plan).begin(*build(settings, data, settings.selector()), looks)
    _check(settings, plan, looks)
    folder = Folder(out, "simplify")
    if resume:
        folder.check_settings(report)
    later = list(CONTROLS) if controls else []
    open_folder(folder, report, data, arms, later, resume)
    if resume:
        for name in ("dense", SMALL, *later):
            folder.know(name)

    def train(arm: Arm) -> dict[str, Any]:
        folder.know(arm.name)
        result = train_arm(arm, data, folder, resume=resume, progress=progress)
        directions = 1 + settings.bidirectional
        result.setdefault("widths", [directions * width for width in arm.settings.hidden])
        result["hidden"] = [int(width) // directions for width in result["widths"]]
        if plan.per_gate and isinstance(arm.companion, Shrinker):  # the best look is one of the last sizes
            result["rows"] = arm.companion.sizes()[-1]
            result["hidden"] = [rows[0][GATE_G] for rows in result["rows"]]
        result["average_width"] = sum(result["widths"]) / len(result["widths"])
        report["runs"].append(result | {"notes": [*result["notes"], *notes]})
        if not resume:  # what is done can be used whatever becomes of the rest
            folder.write("run.json", report)
        return result

    def control(arm: Arm) -> None:
        try:
            train(arm)
        except Diverged as e:
            said.append(f"{arm.name} diverged: {e}")

    for arm in arms:
        small = train(arm)
    said = report["runs"][-1]["notes"]
    said += simplifier.notes or _nobody_left(simplifier)
    if small["widths"] != simplifier.widths() and small["widths"] == report["runs"][0]["widths"]:
        said.append("the best look came before any unit left: the controls have all units too")
    if (settings.epochs - 1) // plan.cycle % 2 == 0:
        said.append(
            f"the run ends in a simplification cycle (cycle = {plan.cycle}), with few looks at its last widths"
        )
    little = settings.changed(hidden=tuple(small["hidden"]))
    if controls:
        sizes = simplifier.sizes()
        if (
            not plan.per_gate
        ):  # down to the widths that were scored: a faithful run may shrink on after its best look
            sizes = [list(map(max, look, small["widths"])) for look in sizes]
        cut = Follower([sizes[-1]] * len(sizes), "random", settings.seed) if plan.per_gate else None
        control(Arm(CONTROLS[0], little, Dense(), cut))
        for rule in CONTROLS[1:]:
            follower = Follower(sizes, rule, settings.seed, plan.restarts)
            control(Arm(rule, settings, settings.selector(), follower))
    task = data if isinstance(data, Dataset) else data.task
    large, net = (network(chosen, task, Dense()) for chosen in (settings, little))
    if plan.per_gate:
        first_rows(net, small["rows"])
    report["decoding"] = decoding(large, net, data, threads=settings.threads)
    if out is not None:
        _pictures(report, simplifier, folder, out)
        folder.write("run.json", report)
    return report


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
    if settings.task != "tagging" and plan.prune > 1 - settings.dropout:
        raise BadInput(
            f"prune = {plan.prune:g} is above {1 - settings.dropout:g}: with dropout = {settings.dropout:g} no "
            "unit is active in more of the examples; give a smaller one"
        )


def _nobody_left(simplifier: Simplifier) -> list[str]:
    sizes = simplifier.sizes()
    if sizes[0] != sizes[-1]:
        return []
    least = min(float(np.nanmin(picture)) for picture in simplifier.activeness)
    return [f"no unit left: the least active was so in {least:.3g} of the examples at a look, and the prune rate "
            f"is {simplifier.plan.prune:g}; a larger one takes units out"]  # fmt: skip


def _pictures(report: dict[str, Any], simplifier: Simplifier, folder: Folder, out: Path) -> None:
    """simplify.png, and activeness.npz: the arrays that it is drawn from, "layer/0" and so on."""
    from .simplify.figure import draw

    arrays: dict[str, Any] = {f"layer/{i}": picture for i, picture in enumerate(simplifier.activeness)}
    with replacing(out / "activeness.npz") as temporary, open(temporary, "wb") as f:
        np.savez_compressed(f, **arrays)
    draw(simplifier.activeness, folder.metrics[SMALL], report["runs"], simplifier.parts, out / "simplify.png")
