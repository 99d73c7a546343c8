"""The report of `prune` as tables: accuracies, a row for each layer, and what to conclude in plain sentences."""

from __future__ import annotations

import textwrap
from typing import Any

from .conclusion import WIDTH
from .tables import align, head

FAR = 1.25  # times the theoretical speed-up of all layers: what is measured beyond it is mostly noise
NEAR = 0.01  # of accuracy: as near to the network before as the paper's tables are at 4x


def prune_table(report: dict[str, Any]) -> str:
    """The report of `minimalbp prune` as it is printed.

    Parameters
    ----------
    report : dict
        As `minimalbp.experiment.prune` returns it.

    Returns
    -------
    str
    """
    title = next(iter(report["scores"].values()))
    scores = report["accuracy"]
    top = [
        ["", "trained", "pruned", "retrained"],
        [f"test {title}", *(f"{100 * scores[key]:.2f} %" for key in ("before", "pruned", "retrained"))],
    ]
    said = textwrap.fill(" ".join(_sentences(report)), WIDTH, break_long_words=False, break_on_hyphens=False)
    return "\n\n".join([_head(report), align(top), align(_layers(report)), said])


def _head(report: dict[str, Any]) -> str:
    plan, config = report["plan"], report["config"]
    goal = f"speed-up {plan['speedup']:g}" if plan["ratio"] is None else f"ratio {_ratio(plan['ratio'])}"
    gradients = "dense" if config["select"] == "dense" else f"{config['select']} {config['k']}"
    source = "trained here" if report["source"] is None else report["source"]
    epochs, interval = _counted(report["retrain"], "epoch"), plan["interval"]
    return (
        f"{head(report, epochs=report['source'] is None)}\n{source} · {plan['method']}, {goal} · an update every "
        f"{'step' if interval == 1 else f'{interval} steps'} · {epochs} of retraining · {gradients} gradients"
    )


def _ratio(ratio: float | list[float]) -> str:
    """One ratio, or those of the layers."""
    return ", ".join(f"{one:g}" for one in (ratio if isinstance(ratio, list) else [ratio]))


def _layers(report: dict[str, Any]) -> list[list[str]]:
    """A row for each layer, and one for the network."""
    layers, speed = report["layers"], report["speedup"]
    rows = [["layer", "groups", "pruned", "share", "recovered", "by rank", "theoretical", "measured"]]
    for layer, recovered, late in zip(layers, report["recovered"], report["remainder"]):
        share = layer["pruned"] / layer["groups"]
        rows.append([
            layer["name"], f"{layer['groups']:,}", f"{layer['pruned']:,}", f"{share:.1%}", f"{recovered:.1%}",
            f"{late:,}", _times(layer["theoretical"]), _times(layer["measured"]),
        ])  # fmt: skip
    groups, pruned = (sum(layer[key] for layer in layers) for key in ("groups", "pruned"))
    late = f"{sum(report['remainder']):,}"
    net = ["network", f"{groups:,}", f"{pruned:,}", f"{pruned / groups:.1%}", "", late]
    return [*rows, [*net, _times(speed["theoretical"]), _times(speed["measured"])]]


def _times(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}x"


def _sentences(report: dict[str, Any]) -> list[str]:
    scores, speed = report["accuracy"], report["speedup"]
    lost, back = (100 * (scores[key] - scores["before"]) for key in ("pruned", "retrained"))
    title, late = next(iter(report["scores"].values())), sum(report["remainder"])
    said = [
        f"The last group left after {_counted(report['updates'], 'update')} and "
        f"{_counted(report['settled'], 'step')}. Until then the test {title} {_moved(lost)}; after "
        f"retraining it is {_beside(back)}."
    ]
    if late:
        said.append(f"{_counted(late, 'group')} left by rank, since the updates had come to their limit.")
    theory, every = speed["theoretical"], report["all_layers"]
    what = "it is" if every == theory else "the convolutions are"
    also = "" if every == theory else f", and with all other layers the network {every:.2f} times"
    measured = speed["measured"]
    clock = "--measure says how fast it is" if measured is None else f"measured, it is {measured:.2f} times"
    said.append(f"In theory {what} {theory:.2f} times as fast{also}; {clock}.")
    if measured is not None and measured > FAR * every:
        said.append(
            "That is more than fewer multiply-adds explain; measure again while the machine does nothing else."
        )
    if back < -100 * NEAR:
        said.append("Take a smaller ratio, a longer --interval, or more epochs with --retrain.")
    said.append("One seed decides nothing about differences of a point.")
    return said


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _moved(points: float) -> str:
    if abs(points) < 0.005:
        return "had not changed"
    return f"had {'risen' if points > 0 else 'fallen'} by {abs(points):.2f} points"


def _beside(points: float) -> str:
    if abs(points) < 0.005:
        return "what it was before"
    return f"{abs(points):.2f} points {'above' if points > 0 else 'below'} that before"
