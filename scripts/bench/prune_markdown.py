"""The table of bench_prune.py as Markdown, made from its JSON alone."""

from __future__ import annotations

from typing import Any

NET, LAYER = 0.75, 0.85  # of the theoretical speed-up: the whole net, and each convolution
DENSE, SMALL = 2.5, 1.0  # as fast as PyTorch's dense network, and as its pruned one
Row = dict[str, Any]


def prune_table(report: Row) -> str:
    """One line for each network, kind of groups, batch and number of threads; then whether the aims are reached."""
    lines = [
        "| network | what left | threads | batch | each convolution: measured of theoretical | net: measured of "
        "theoretical | of all multiply-adds | ms | PyTorch dense, ms | PyTorch pruned, ms |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    said: list[str] = []
    for name, cases in report["networks"].items():
        for one in cases:
            ours, dense, small = best(one, "minimalbp"), best(one, "PyTorch, dense"), pruned(one)
            layers = ", ".join(f"{r['measured']:.2f} of {r['theoretical']:.2f}" for r in convolutions(one))
            net = one["net"]
            cells = [
                name, one["kind"], str(one["threads"]), str(one["batch"]), layers,
                f"{net['measured']:.2f} of {net['theoretical']:.2f}", f"{net['all_layers']:.2f}",
                f"{1e3 * ours:.3f}",
                *(f"{1e3 * peer:.3f} ({peer / ours:.2f}x)" for peer in (dense, small)),
            ]  # fmt: skip
            lines.append(f"| {' | '.join(cells)} |")
        said += verdicts(name, cases)
    return "\n".join([*lines, "", *said])


def verdicts(name: str, cases: list[Row]) -> list[str]:
    """For columns, which the aims are about: the worst case of each, and for filters beside PyTorch."""
    found = []
    for kind in ("columns", "filters"):
        mine = [one for one in cases if one["kind"] == kind]
        share = [one["net"]["measured"] / one["net"]["theoretical"] for one in mine]
        layer = [r["measured"] / r["theoretical"] for one in mine for r in convolutions(one)]
        dense = [best(one, "PyTorch, dense") / best(one, "minimalbp") for one in mine]
        small = [pruned(one) / best(one, "minimalbp") for one in mine]
        aims = (
            (f"net at least {NET} of theory", share, NET),
            (f"each convolution at least {LAYER}", layer, LAYER),
            (f"PyTorch's dense net at least {DENSE}x", dense, DENSE),
            ("PyTorch's pruned net at least 1x", small, SMALL),
        )
        words = [
            f"{aim} {_word(values, least)} ({min(values):.2f} to {max(values):.2f})"
            for aim, values, least in aims
        ]
        found.append(f"* {name}, {kind}: {'; '.join(words)}.")
    return found


def convolutions(one: Row) -> list[Row]:
    """What was measured of each convolution; Linear layers are measured too."""
    return [layer for layer in one["layers"] if layer["kind"] == "Conv2d"]


def best(one: Row, begins: str) -> float:
    """The fastest arm whose name begins so."""
    return min(seconds for arm, seconds in one["peers"].items() if arm.startswith(begins))


def pruned(one: Row) -> float:
    """PyTorch's fastest pruned network."""
    return min(s for arm, s in one["peers"].items() if arm.startswith("PyTorch") and ", dense" not in arm)


def _word(values: list[float], least: float) -> str:
    """Whether all cases reach an aim."""
    reached = sum(value >= least for value in values)
    return "reached" if reached == len(values) else f"missed in {len(values) - reached} of {len(values)}"
