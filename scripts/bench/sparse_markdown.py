"""The tables of bench_sparse.py as Markdown, made from their JSON alone."""

from __future__ import annotations

from typing import Any

from .sparse_step import GRAPHS

PASSES = {
    (64, 1024, 32, "block"): 9,
    (64, 1024, 32, "indexed"): 6,
    (64, 4096, 32, "block"): 40,
}  # times dense
STEP = 6  # times PyTorch's dense step
AIMED = 2  # threads of the first two aims
RIVAL = "PyTorch sparse_csr"
BLOCKS = " (blocks)"
DENSE = ("dense", "NumPy", "PyTorch")
Row = dict[str, Any]


def passes_table(report: Row) -> str:
    """Both passes of the two kinds of layer beside the best dense code; then whether the aims are reached."""
    lines = [
        "| threads | n | batch | best dense: forward + backward, µs | block | times as fast | indexed "
        "| times as fast |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for threads, one in results(report):
        batch, n, _ = one["shape"]
        cells = [str(threads), f"{n:,}", str(batch), " + ".join(micro(t) for t in one["best"])]
        for kind in GRAPHS:
            arm = one["arms"][kind]
            cells += [f"{micro(arm['forward'])} + {micro(arm['backward'])}", f"{arm['speedup']['both']:.1f}x"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", *of_passes(report)])


def forward_table(report: Row) -> str:
    """The forward pass beside other sparse code on the same edges; then whether that is ever faster."""
    lines = [
        "| threads | n | batch | edges | ours, µs (quartiles) | PyTorch sparse_csr | scipy CSR | best dense "
        "| sparse_csr over ours |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for threads, one in results(report):
        batch, n, _ = one["shape"]
        for kind in GRAPHS:
            arms = one["arms"]
            mine, peer = arms[kind], rival(arms, kind)
            low, high = mine["quartiles"]["forward"]
            cells = [
                str(threads), f"{n:,}", str(batch), kind,
                f"{micro(mine['forward'])} ({micro(low)}-{micro(high)})", micro(peer),
                micro(arms[f"scipy CSR{suffix(kind)}"]["forward"]), micro(one["best"][0]),
                f"{peer / mine['forward']:.2f}x",
            ]  # fmt: skip
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", of_forward(report)])


def step_table(report: Row) -> str:
    """A training step of both sparse networks and of dense ones."""
    lines = [
        "| threads | network | forward | backward | update | step (quartiles), µs | against PyTorch, fused Adam |",
        "|---|---|---|---|---|---|---|",
    ]
    said = []
    for threads, arms in report["steps"].items():
        peer = arms["PyTorch, fused Adam"]["step"]
        for name, r in arms.items():
            parts = " | ".join(micro(r[part]) for part in ("forward", "backward", "update"))
            low, high = map(micro, r["quartiles"])
            lines.append(
                f"| {threads} | {name} | {parts} | {micro(r['step'])} ({low}-{high}) | {peer / r['step']:.2f}x |"
            )
            if name in GRAPHS:
                word = "reached" if peer / r["step"] >= STEP else "missed"
                on = f"{threads} thread{'s' * (threads != '1')}"
                said.append(
                    f"* {name}, {on}, at least {STEP} times PyTorch's dense step: {word} ({peer / r['step']:.1f})."
                )
    return "\n".join([*lines, "", *said])


def results(report: Row) -> list[tuple[int, Row]]:
    """(threads, one shape) of all that was measured."""
    return [(int(threads), one) for threads, of in report["passes"].items() for one in of]


def of_passes(report: Row) -> list[str]:
    found = []
    for threads, one in results(report):
        for kind in GRAPHS:
            least = PASSES.get((*one["shape"], kind))
            if threads == AIMED and least:
                batch, n, fan_in = one["shape"]
                gain = one["arms"][kind]["speedup"]["both"]
                word = "reached" if gain >= least else "missed"
                where = f"n = {n:,}, fan-in {fan_in}, batch {batch}, {kind}, two threads"
                found.append(f"* {where}, at least {least} times the best dense code: {word} ({gain:.1f}).")
    return found


def of_forward(report: Row) -> str:
    ratios = [
        (rival(one["arms"], kind) / one["arms"][kind]["forward"], threads, one["shape"], kind)
        for threads, one in results(report) for kind in GRAPHS
    ]  # fmt: skip
    slower = [r for r in ratios if r[0] < 1]
    least, threads, (batch, n, _), kind = min(ratios)
    where = f"least {least:.2f}x, at n = {n:,}, batch {batch}, {kind}, {threads} thread{'s' * (threads != 1)}"
    word = f"missed in {len(slower)} of {len(ratios)}" if slower else "reached"
    return f"* The forward pass never slower than PyTorch's sparse_csr: {word} ({where})."


def suffix(kind: str) -> str:
    """What follows the name of other sparse code on the edges of this kind of layer."""
    return BLOCKS if kind == "block" else ""


def rival(arms: Row, kind: str) -> float:
    """Seconds of PyTorch's sparse_csr on the same edges, the faster of its two ways."""
    return min(arms[f"{name}{suffix(kind)}"]["forward"] for name in (RIVAL, f"{RIVAL}, batch last"))


def micro(seconds: float) -> str:
    return f"{1e6 * seconds:,.0f}" if seconds >= 1e-4 else f"{1e6 * seconds:.1f}"
