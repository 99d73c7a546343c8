"""What `minimalbp cost` measured, as tables to read."""

from __future__ import annotations

from typing import Any

from ..measure.counters import PHASES
from .tables import align

PARTS = {"select": "select", "dW": "dw", "dx": "dx", "backward": "backward", "update": "update"}


def cost_table(report: dict[str, Any]) -> str:
    """A table for each shape or network of a report as cost.json holds it, each with a line that sums it up."""
    head = f"{report['threads']} threads, ceilings measured now: {ceilings_text(report['ceilings'])}"
    table = {"backward": _layer, "passes": _sparse, "step": _step}[report["phase"]]
    return "\n\n".join([head, *(table(result) for result in report["results"])])


def ceilings_text(limits: dict[str, float]) -> str:
    """The ceilings of a machine in words."""
    return (
        f"{limits['gflops']:.0f} GFLOP/s (large product), {limits['gbps']:.1f} GB/s (streaming copy), "
        f"{limits['cache_gbps']:.0f} GB/s (copy within the caches)"
    )


def _layer(result: dict[str, Any]) -> str:
    dense, name = result["dense"], f"{result['problem']}: " if "problem" in result else ""
    others = ", ".join(f"{peer} {_micro(t)}" for peer, t in dense["all"].items())
    title = (
        f"{name}{shape_text(result['shape'], '->')}, {result['select']}; microseconds, medians. "
        f"Best dense: {dense['by']} ({others})"
    )
    rows = [["k", "of n", *PARTS, "speed-up", "of ideal", "GFLOP/s", "GB/s", "of roof", "by"]]
    for p in result["points"]:
        times = (_micro(p["seconds"][key]) for key in PARTS.values())
        rates = f"{p['speedup']:.2f}x", f"{p['share_of_ideal']:.2f}", f"{p['gflops']:.0f}", f"{p['gbps']:.0f}"
        rows.append(
            [str(p["k"]), f"{p['ratio']:.1%}", *times, *rates, f"{p['roof']['share']:.2f}", p["roof"]["by"]]
        )
    return "\n".join([title, align(rows), _law(result, result.get("units", result["shape"][-1]))])


def shape_text(shape: list[int], to: str) -> str:
    """A layer in words: "batch 64, 500 -> 500", or "batch 32, 32 -> 64 maps of 14 x 14, window 5 x 5"."""
    batch, n_in, *more = shape
    if len(more) == 1:
        return f"batch {batch}, {n_in} {to} {more[0]}"
    height, width, filters, kernel = more
    return f"batch {batch}, {n_in} {to} {filters} maps of {height} x {width}, window {kernel} x {kernel}"


def _sparse(result: dict[str, Any]) -> str:
    batch, n, fan_in = result["shape"]
    title = (
        f"batch {batch}, {n} -> {n}, fan-in {fan_in} ({result['density']:.2%} of dense); microseconds, medians; "
        "speed-up over the best dense code of each pass"
    )
    rows = [["", "forward", "backward", "both", "speed-up forward", "both"]]
    for name, arm in result["arms"].items():
        there = arm["backward"] is not None
        both = _micro(arm["forward"] + arm["backward"]) if there else ""
        of_both = f"{arm['speedup']['both']:.2f}x" if there else ""
        backward = _micro(arm["backward"]) if there else ""
        of_forward = f"{arm['speedup']['forward']:.2f}x"
        rows.append([name, _micro(arm["forward"]), backward, both, of_forward, of_both])
    return "\n".join([title, align(rows)])


def _step(result: dict[str, Any]) -> str:
    dense, free = result["dense"], result["amdahl"]
    peers = [peer for peer in dense["all"] if peer != "minimalbp"]
    title = (
        f"{'-'.join(map(str, result['sizes']))}, batch {result['batch']}, {result['select']}, "
        f"rows={result['rows']}; microseconds, medians"
    )
    rows = [["k", *PHASES, "step", "x dense", *(f"x {peer}" for peer in peers)]]
    own = (f"{dense['all'][peer] / dense['all']['minimalbp']:.2f}x" for peer in peers)
    rows.append(["dense", *(_micro(dense["phases"][p]) for p in (*PHASES, "total")), "1.00x", *own])
    for p in result["points"]:
        times = (_micro(p["seconds"][phase]) for phase in (*PHASES, "total"))
        rows.append([str(p["k"]), *times, *(f"{p['speedup'][peer]:.2f}x" for peer in ("minimalbp", *peers))])
    amdahl = (
        f"Amdahl's line: with a free backward pass, the dense step would take {_micro(free['seconds'])} us "
        f"({free['speedup']:.2f}x)"
    )
    return "\n".join([title, align(rows), amdahl])


def _law(result: dict[str, Any], n_out: int) -> str:
    fit, cross = result["fit"], result["crossover_k"]
    where = "dense is never faster"
    if cross is not None:
        where = f"dense is faster from k = {cross:.0f} ({cross / n_out:.0%})"
    if fit["slope"] is None:
        return where
    return (
        f"backward = {1e6 * fit['intercept']:.1f} us + {1e6 * fit['slope']:.3f} us k up to 50 %, "
        f"R2 = {fit['r2']:.4f}; intercept {fit['intercept'] / result['dense']['seconds']:.1%} of dense; {where}"
    )


def _micro(seconds: float) -> str:
    return f"{1e6 * seconds:,.0f}" if seconds >= 1e-4 else f"{1e6 * seconds:.1f}"
