"""The sizes of the GraphChallenge as a table in Markdown."""

from __future__ import annotations

from typing import Any

HEAD = (
    "neurons x layers", "categories", "right", "images alive after layers 1, 2, 5, 10, 30", "seconds",
    "challenge edges/s", "edges processed/s", "of the counted edges", "scipy CSR, s", "PyTorch sparse_csr, s",
    "images and layers made in, s", "memory, GB",
)  # fmt: skip
LIVE = (1, 2, 5, 10, 30)
RIGHT = {True: "yes", False: "NO", None: "unknown"}


def challenge_table(report: dict[str, Any]) -> str:
    """A row for each size. Factors say how many times as long another library takes."""
    lines = [f"| {' | '.join(HEAD)} |", f"|{'---|' * len(HEAD)}"]
    return "\n".join(lines + [f"| {' | '.join(_row(run))} |" for run in report["runs"]])


def _row(run: dict[str, Any]) -> list[str]:
    live, seconds = run["live"], run["seconds"]
    counted = run["images"] * run["edges"]
    checked = "" if run["checked"] is None else f" ({run['checked']})"
    return [
        f"{run['neurons']} x {run['layers']}", f"{run['categories']:,}", f"{RIGHT[run['ok']]}{checked}",
        ", ".join(f"{live[layer - 1]:,}" for layer in LIVE if layer <= len(live)),
        f"{seconds:.3f}", f"{run['edges_per_second']:.2e}", f"{run['edges_processed_per_second']:.2e}",
        f"{run['edges_processed'] / counted:.1%}",
        *(_other(run[name], seconds) for name in ("scipy_seconds", "torch_seconds")),
        f"{run['images_seconds']:.0f}, {run['layers_seconds']:.1f}",
        "" if run["memory"] is None else f"{run['memory'] / 1e9:.1f}",
    ]  # fmt: skip


def _other(took: float | None, ours: float) -> str:
    return "not run" if took is None else f"{took:.2f} ({took / ours:.1f}x)"
