"""The table of bench_sparse_conv.py as Markdown, made from its JSON alone."""

from __future__ import annotations

from typing import Any

PASSES = ("forward", "backward")
DENSE = ("dense", "PyTorch", "PyTorch, channels last")


def sparse_conv_table(report: dict[str, Any]) -> str:
    """One line for each layer, number of threads and graph; then where the sparse layer does not pay."""
    lines = [
        "| layer | threads | graph, fan-in | forward, ms | backward, ms | best dense, ms | forward | backward "
        "| both |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    missed = []
    for name, by_threads in report["layers"].items():
        for threads, arms in by_threads.items():
            best = [min(arms[arm][part]["median"] for arm in DENSE if arm in arms) for part in PASSES]
            for arm in arms:
                if arm in DENSE:
                    continue
                mine = [arms[arm][part]["median"] for part in PASSES]
                gains = [dense / ours for dense, ours in zip(best, mine)]
                both = sum(best) / sum(mine)
                cells = [
                    name, threads, arm, *(f"{1e3 * s:.2f}" for s in mine),
                    " + ".join(f"{1e3 * s:.2f}" for s in best),
                    *(f"{gain:.1f}x" for gain in (*gains, both)),
                ]  # fmt: skip
                lines.append(f"| {' | '.join(cells)} |")
                missed += [f"{name}, {arm}, {threads} threads ({both:.2f}x)"] * (both < 1)
    said = (
        f"* slower than dense code: {'; '.join(missed)}."
        if missed
        else "* no layer is slower than dense code."
    )
    return "\n".join([*lines, "", said])
