"""What the benchmarks measured as Markdown, made from their JSON alone."""

from __future__ import annotations

from typing import Any

Report = dict[str, Any]


def step_table(report: Report) -> str:
    """Microseconds of one training step, and how many times faster than PyTorch with fused Adam."""
    lines = [
        "| batch | arm | forward | backward | update | step (quartiles), µs | against PyTorch, fused Adam |",
        "|---|---|---|---|---|---|---|",
    ]
    for batch, arms in report["batches"].items():
        fused = arms["PyTorch, fused Adam"]["step"]
        for name, r in arms.items():
            low, high = (1e6 * q for q in r["quartiles"])
            whole = f"{1e6 * r['step']:.0f} ({low:.0f}-{high:.0f}) | {fused / r['step']:.2f}x"
            lines.append(
                f"| {batch} | {name} | {1e6 * r['forward']:.0f} | {1e6 * r['backward']:.0f} "
                f"| {1e6 * r['update']:.0f} | {whole} |"
            )
    return "\n".join(lines)


def lstm_backward_table(report: Report) -> str:
    """Microseconds of the backward pass of the LSTM, and how many times faster than the two dense ones."""
    lines = ["| arm | backward (quartiles), µs | against our dense | against PyTorch |", "|---|---|---|---|"]
    arms = report["backward"]
    for name, r in arms.items():
        low, high = (1e6 * q for q in r["quartiles"])
        gains = (f"{arms[other]['median'] / r['median']:.1f}x" for other in ("dense", "PyTorch"))
        lines.append(f"| {name} | {1e6 * r['median']:.0f} ({low:.0f}-{high:.0f}) | {' | '.join(gains)} |")
    return "\n".join(lines)


def lstm_parts_table(report: Report) -> str:
    """Microseconds of each part of the backward pass."""
    lines = [
        "| arm | loop through time, dx | dW, dU | choosing among drawn numbers | bias, drawing, Python, µs |",
        "|---|---|---|---|---|",
    ]
    for name, parts in report["parts"].items():
        times = (f"{1e6 * parts[part]:.0f}" for part in ("dx", "dw", "select", "other"))
        lines.append(f"| {name} | {' | '.join(times)} |")
    return "\n".join(lines)


def lstm_step_table(report: Report) -> str:
    """Microseconds of a step of the tagger, and how many times faster than the fastest of PyTorch's."""
    lines = [
        "| arm | forward | backward | update | step (quartiles), µs | against PyTorch |",
        "|---|---|---|---|---|---|",
    ]
    arms = report["step"]
    best = min(r["step"]["median"] for name, r in arms.items() if name.startswith("PyTorch"))
    for name, r in arms.items():
        parts = " | ".join(f"{1e6 * r[part]:.0f}" for part in ("forward", "backward", "update"))
        low, high = (1e6 * q for q in r["step"]["quartiles"])
        whole = f"{1e6 * r['step']['median']:.0f} ({low:.0f}-{high:.0f})"
        lines.append(f"| {name} | {parts} | {whole} | {best / r['step']['median']:.2f}x |")
    return "\n".join(lines)


def accuracy_table(report: Report) -> str:
    """Median seconds until the target, with those of every seed, and how many times faster than the dense ones."""
    lines = [
        f"| batch | network | seconds to {100 * report['target']:g} % on dev | of each seed | epochs | step, µs "
        "| against PyTorch | against our dense |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for batch, arms in report["batches"].items():
        for name, r in arms.items():
            each = ", ".join("never" if v is None else f"{v:.2f}" for v in r["values"])
            epochs = ", ".join("-" if n is None else str(n) for n in r["epochs"])
            gains = " | ".join(_gain(arms.get(other), r) for other in (report["peer"], "dense"))
            middle = "never" if r["seconds"] is None else f"{r['seconds']:.2f}"
            step = "-" if r["step"] is None else f"{1e6 * r['step']:.0f}"
            lines.append(f"| {batch} | {name} | {middle} | {each} | {epochs} | {step} | {gains} |")
    return "\n".join([*lines, "", *_aims(report)])


def _gain(other: Report | None, mine: Report) -> str:
    """How many times longer the other takes; a dash where one of them never arrives."""
    if not other or other["seconds"] is None or mine["seconds"] is None:
        return "-"
    return f"{other['seconds'] / mine['seconds']:.2f}x"


def _aims(report: Report) -> list[str]:
    """Whether the fastest sparse network reaches the target three times as fast as PyTorch's dense one."""
    lines = []
    for batch, arms in report["batches"].items():
        peer = arms.get(report["peer"])
        sparse = {
            n: r
            for n, r in arms.items()
            if not n.startswith("dense") and n != report["peer"] and r["seconds"] is not None
        }
        if not peer or peer["seconds"] is None:
            continue
        best = min(sparse, key=lambda name: sparse[name]["seconds"], default=None)
        factor = peer["seconds"] / sparse[best]["seconds"] if best else 0.0
        word = "reached" if factor >= 3 else "missed"
        lines.append(
            f"* Batch {batch}, 3 times as fast as PyTorch: {word} ({best or 'none'}, {factor:.2f}x)."
        )
    return lines


# What was to be reached: {(shape, k): {selector: (kind, figure)}}; share: the speed-up over the ideal n / k.
AIMS = {
    ((1, 500, 500), 10): {"unified": ("speed-up", 5), "topk": ("speed-up", 5)},
    ((10, 784, 500), 25): {"unified": ("share", 0.35), "topk": ("share", 0.25)},
    ((64, 500, 500), 25): {"unified": ("share", 0.5), "topk": ("share", 0.3)},
    ((128, 1024, 1024), 51): {"unified": ("share", 0.6), "topk": ("share", 0.3)},
    ((512, 2048, 2048), 102): {"unified": ("share", 0.8), "topk": ("share", 0.25)},
    ((64, 8192, 8192), 80): {"unified": ("share", 0.6), "topk": ("speed-up", 5)},
    ((10_000, 2400, 500), 20): {"topk": ("speed-up", 8), "unified": ("speed-up", 8)},
}


def cost_table(report: Report) -> str:
    """The backward pass of one layer at the k of the aims: seconds, speed-up, share, roof and aim."""
    lines = [
        "| batch, n_in, n_out, k | select | µs: select, dW, dx | backward | best dense | speed-up | share "
        "| against the others | of its roof | aim |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for result in report["results"]:
        k, aims = next(((k, a) for (s, k), a in AIMS.items() if s == tuple(result["shape"])), (0, {}))
        for p in result["points"]:
            if p["k"] != k or result["select"] not in aims:
                continue
            kind, figure = aims[result["select"]]
            reached = (p["speedup"] if kind == "speed-up" else p["share_of_ideal"]) >= figure
            aim = f"{kind} {figure}: {'reached' if reached else 'missed'}"
            source = result.get("problem", "").removesuffix(".npz").removeprefix("mnist-")
            name = ", ".join(map(str, (*result["shape"], k))) + (f" ({source})" if source else "")
            s, roof = p["seconds"], p["roof"]
            others = min(t for by, t in result["dense"]["all"].items() if by != "minimalbp") / s["backward"]
            lines.append(
                f"| {name} | {result['select']} | {', '.join(_micro(s[part]) for part in ('select', 'dw', 'dx'))} "
                f"| {_micro(s['backward'])} | {_micro(result['dense']['seconds'])} ({result['dense']['by']}) "
                f"| {p['speedup']:.1f}x | {p['share_of_ideal']:.2f} "
                f"| {others:.1f}x, {others * p['ratio']:.2f} | {roof['share']:.2f} ({roof['by']}) | {aim} |"
            )
    return "\n".join(lines)


def law_table(report: Report) -> str:
    """The straight line through the points up to 50 %, and where dense becomes faster."""
    lines = [
        "| batch, n_in, n_out | select | R2 | intercept, of dense | dense is faster from | k = n over dense |",
        "|---|---|---|---|---|---|",
    ]
    for result in report["results"]:
        if "problem" in result:
            continue
        fit, dense, n = result["fit"], result["dense"]["seconds"], result["shape"][2]
        cross = f"{result['crossover_k'] / n:.0%}" if result["crossover_k"] else "never"
        last = result["points"][-1]["seconds"]["backward"] / dense
        lines.append(
            f"| {', '.join(map(str, result['shape']))} | {result['select']} | {fit['r2']:.4f} "
            f"| {fit['intercept'] / dense:.1%} | {cross} | {last:.2f} |"
        )
    return "\n".join(lines)


def _micro(seconds: float) -> str:
    return f"{1e6 * seconds:,.0f}" if seconds >= 1e-4 else f"{1e6 * seconds:.1f}"


def _best(arms: Report) -> float:
    """The seconds of the fastest dense arm, ours or PyTorch's."""
    return min(r["median"] for name, r in arms.items() if name == "dense" or name.startswith("PyTorch"))


def conv_table(report: Report) -> str:
    """Milliseconds of the passes of each layer, the share of the selection, and the gain on the best dense code."""
    lines = [
        "| layer | pass | backward (quartiles), ms | selection | dW | dx | other | against the best dense |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, layer in report["layers"].items():
        for arm, r in layer["forward"].items():
            gain = f"{_best(layer['forward']) / r['median']:.2f}x"
            lines.append(f"| {name} | forward, {arm} | {_ms(r)} | | | | | {gain} |")
        for arm, r in layer["backward"].items():
            parts = layer["parts"].get(arm, {})
            cells = [f"{1e3 * parts[p]:.2f}" if parts else "" for p in ("select", "dw", "dx", "other")]
            gain = f"{_best(layer['backward']) / r['median']:.2f}x"
            lines.append(f"| {name} | {arm} | {_ms(r)} | {' | '.join(cells)} | {gain} |")
    return "\n".join([*lines, "", *_conv_aims(report)])


def _ms(r: Report) -> str:
    low, high = (f"{1e3 * q:.2f}" for q in r["quartiles"])
    return f"{1e3 * r['median']:.2f} ({low}-{high})"


CONV_AIMS = {"sample 5%": 3, "sample 2%": 6, "positions 5%": 10}  # times the best dense backward pass
DENSE_AIM, SELECTION_AIM = 1.3, 0.25


def _conv_aims(report: Report) -> list[str]:
    """What was asked for, and whether it was reached."""
    lines = []
    for name, layer in report["layers"].items():
        back, parts, found = layer["backward"], layer["parts"]["sample 5%"], []
        for arm, aim in CONV_AIMS.items():
            found.append(_verdict(f"{arm} {aim}x", _best(back) / back[arm]["median"], aim))
        for which in ("forward", "backward"):
            peers = [r["median"] for arm, r in layer[which].items() if arm.startswith("PyTorch")]
            slower = layer[which]["dense"]["median"] / min(peers)
            found.append(
                _verdict(f"dense {which} within {DENSE_AIM}x of PyTorch", slower, DENSE_AIM, most=True)
            )
        share = parts["select"] / sum(parts.values())
        found.append(
            _verdict(f"selection at most {SELECTION_AIM:.0%} of sample 5%", share, SELECTION_AIM, most=True)
        )
        samples = {a: r["median"] for a, r in back.items() if a.startswith("sample")}
        pays = [arm for arm, seconds in samples.items() if seconds < _best(back)]
        found.append(
            f"top-k pays from {pays[0].removeprefix('sample ')} down" if pays else "top-k never pays"
        )
        lines.append(f"* {name}: {'; '.join(found)}.")
    return lines


def _verdict(what: str, value: float, aim: float, *, most: bool = False) -> str:
    reached = value <= aim if most else value >= aim
    return f"{what}: {'reached' if reached else 'missed'} ({value:.2f})"


def conv_step_table(report: Report) -> str:
    """Milliseconds of whole training steps, and what would be left if the backward pass were free."""
    lines = [
        "| network | arm | forward | backward | update | step (quartiles), ms | against PyTorch |",
        "|---|---|---|---|---|---|---|",
    ]
    left: list[str] = []
    for name, network in report["networks"].items():
        arms = network["arms"]
        best = min(r["step"]["median"] for arm, r in arms.items() if arm.startswith("PyTorch"))
        for arm, r in arms.items():
            cells = " | ".join(f"{1e3 * r[part]:.2f}" for part in ("forward", "backward", "update"))
            lines.append(
                f"| {name} | {arm} | {cells} | {_ms(r['step'])} | {best / r['step']['median']:.2f}x |"
            )
        dense = arms["dense"]
        free = best / (dense["forward"] + dense["update"])
        reached = _verdict("sample 5% at least 1.5x PyTorch", best / arms["sample 5%"]["step"]["median"], 1.5)
        left.append(
            f"* {name}, batch {network['batch']}: {reached}; with a backward pass that costs nothing {free:.2f}x."
        )
    return "\n".join([*lines, "", *left])
