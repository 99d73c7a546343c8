"""The facts about a topology, as a table to read."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from .tables import align

DIGITS = 15  # up to which a count is printed in full


def topology_table(report: dict[str, Any]) -> str:
    """What `minimalbp topology` prints of its report: all layers, the paths, and the warnings."""
    lines = [_title(report), _size(report), *_paths(report), "", align(_rows(report))]
    return "\n".join(lines + [f"warning: {text}" for text in report["warnings"]])


def _title(report: dict[str, Any]) -> str:
    parts = [report["name"]]
    if "systems" in report:
        systems = " ".join(f"({','.join(map(str, system))})" for system in report["systems"])
        parts += [f"systems {systems}", f"d {','.join(map(str, report['d']))}", f"sign {report['sign']}"]
    if "seed" in report:
        parts.append(f"seed {report['seed']}")
    return " · ".join(parts)


def _size(report: dict[str, Any]) -> str:
    sizes, formula = report["sizes"], report["formula_density"]
    words = (
        "-".join(map(str, sizes))
        if len(sizes) <= 12
        else f"{len(sizes) - 1} layers, {sizes[0]} to {sizes[-1]}"
    )
    said = "" if formula is None else f" (formula {formula:.4%})"
    return f"{words} · {report['edges']:,} edges · density {report['density']:.4%}{said}"


def _paths(report: dict[str, Any]) -> list[str]:
    paths, formula = report["paths"], report["formula_paths"]
    said = "" if formula is None else f" (formula {_count(formula)})"
    if paths is None:
        return [f"paths from an input to an output: not counted{said}"]
    if paths["symmetric"]:
        words = f"paths from each input to each output: {_count(paths['most'])}{said} · symmetric"
    else:
        words = f"paths from an input to an output: {_count(paths['least'])} to {_count(paths['most'])}{said}"
    if paths["connected"]:
        return [f"{words} · path-connected"]
    return [f"{words} · {paths['unconnected']:,} of {paths['pairs']:,} pairs have none"]


def _count(number: int | str) -> str:
    """A count in full, or its leading digits and bits; hexadecimal text stands for the largest."""
    value = int(number, 16) if isinstance(number, str) else number
    if value < 10**DIGITS:
        return f"{value:,}"
    exponent = int((value.bit_length() - 1) * 0.30102999566398)
    exponent += value >= 10 ** (exponent + 1)
    return f"{value // 10 ** (exponent - 4) / 1e4:.4f}e{exponent} ({value.bit_length()} bits)"


def _rows(report: dict[str, Any]) -> list[list[str]]:
    rows = [["layer", "nodes", "edges", "density", "fan-in", "fan-out", "2nd/1st singular value"]]
    number = 1
    for layer, same in groupby(report["layers"]):
        count = len(list(same))
        ratio, shape = layer["singular_ratio"], f"{layer['n_in']} -> {layer['n_out']}"
        fans = [_span(layer[name]) for name in ("fan_in", "fan_out")]
        share = "" if ratio is None else f"{ratio:.4f}"
        which = str(number) if count == 1 else f"{number}-{number + count - 1}"
        rows.append([which, shape, f"{layer['edges']:,}", f"{layer['density']:.2%}", *fans, share])
        number += count
    return rows


def _span(pair: tuple[int, int]) -> str:
    low, high = pair
    return str(low) if low == high else f"{low}-{high}"
