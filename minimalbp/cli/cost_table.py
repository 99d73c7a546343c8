"""What `minimalbp cost` measured, as tables for a person."""

from __future__ import annotations

from typing import Any

from minimalbp.cli.table import align
from minimalbp.measure.counters import PHASES

PARTS = {"select": "select", "dW": "dw", "dx": "dx", "backward": "backward", "update": "update"}


def cost_table(report: dict[str, Any]) -> str:
    """`report` as cost.json holds it: a table for each shape or network, with what it comes to in a line below."""
    roof = report["ceilings"]
    head = (
        f"{report['threads']} threads, ceilings measured now: {roof['gflops']:.0f} GFLOP/s (large product), "
        f"{roof['gbps']:.1f} GB/s (streaming copy), {roof['cache_gbps']:.0f} GB/s (copy within the caches)"
    )
    table = _layer if report["phase"] == "backward" else _step
    return "\n\n".join([head, *(table(result) for result in report["results"])])


def _layer(result: dict[str, Any]) -> str:
    batch, n_in, n_out = result["shape"]
    dense = result["dense"]
    others = ", ".join(f"{name} {_micro(t)}" for name, t in dense["all"].items())
    rows = [
        ["k", "of n", "select", "dW", "dx", "backward", "update", "speed-up", "of ideal", "GFLOP/s", "GB/s"]
    ]
    for p in result["points"]:
        s = p["seconds"]
        times = (_micro(s[key]) for key in ("select", "dw", "dx", "backward", "update"))
        rows.append(
            [str(p["k"]), f"{p['ratio']:.1%}", *times,
             f"{p['speedup']:.2f}x", f"{p['share_of_ideal']:.2f}", f"{p['gflops']:.0f}", f"{p['gbps']:.0f}", f"{p['roof']['share']:.2f}", p["roof"]["by"]]
        )  # fmt: skip
    return "\n".join(
        [f"{_name(result)}batch {batch}, {n_in} -> {n_out}, {result['select']}; microseconds, medians. "
         f"Best dense: {dense['by']} ({others})",
         align(rows), _law(result, n_out)]
    )  # fmt: skip


def _name(result: dict[str, Any]) -> str:
    return f"{result['problem']}: " if "problem" in result else ""


def _step(result: dict[str, Any]) -> str:
    dense, others = result["dense"], [n for n in result["dense"]["all"] if n != "minimalbp"]
    rows = [["k", "of n", *PARTS, "speed-up", "of ideal", "GFLOP/s", "GB/s", "of roof", "by"]]
    for p in result["points"]:
        rows.append(
            [str(p["k"]), f"{p['ratio']:.1%}", *(_micro(p["seconds"][key]) for key in PARTS.values()),
             f"{p['speedup']:.2f}x", f"{p['share_of_ideal']:.2f}", f"{p['gflops']:.0f}", f"{p['gbps']:.0f}",
             f"{p['roof']['share']:.2f}", p["roof"]["by"]]
        )  # fmt: skip
    return "\n".join(
        [f"{_name(result)}batch {batch}, {n_in} -> {n_out}, {result['select']}; microseconds, medians. "
         f"Best dense: {dense['by']} ({others})",
         align(rows), _law(result, n_out)]
    )  # fmt: skip


def _name(result: dict[str, Any]) -> str:
    return f"{result['problem']}: " if "problem" in result else ""


def _step(result: dict[str, Any]) -> str:
    dense, others = result["dense"], [n for n in result["dense"]["all"] if n != "minimalbp"]
    rows = [["k", *PHASES, "step", "x ours dense", *(f"x {name}" for name in others)]]
    rows.append(["dense", *(_micro(dense["phases"][p]) for p in (*PHASES, "total")), "1.00x",
                 *(f"{dense['all'][n] / dense['all']['minimalbp']:.2f}x" for n in others)])  # fmt: skip
    for p in result["points"]:
        s = p["seconds"]
        rows.append([str(p["k"]), *(_micro(s[key]) for key in (*PHASES, "total")),
                     *(f"{p['speedup'][name]:.2f}x" for name in ("minimalbp", *others))])  # fmt: skip
    free = result["amdahl"]
    return "\n".join(
        [f"{'-'.join(map(str, result['sizes']))}, batch {result['batch']}, {result['select']}, "
         f"rows={result['rows']}; microseconds, medians",
         align(rows), f"were the backward pass free, the dense step would take {_micro(free['seconds'])} us "
         f"({free['speedup']:.2f}x): Amdahl's line for rows=all"]
    )  # fmt: skip


def _law(result: dict[str, Any], n_out: int) -> str:
    fit, cross = result["fit"], result["crossover_k"]
    where = (
        "dense is never faster"
        if cross is None
        else f"dense is faster from k = {cross:.0f} ({cross / n_out:.0%})"
    )
    if fit["slope"] is None:
        return where
    return (
        f"backward = {1e6 * fit['intercept']:.1f} us + {1e6 * fit['slope']:.3f} us k up to 50 %, "
        f"R2 = {fit['r2']:.4f}; intercept {fit['intercept'] / result['dense']['seconds']:.1%} of dense; {where}"
    )


def _micro(seconds: float) -> str:
    return f"{1e6 * seconds:,.0f}" if seconds >= 1e-4 else f"{1e6 * seconds:.1f}"
