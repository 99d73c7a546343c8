"""A table of meSimp as Markdown, made from its JSON alone."""

from __future__ import annotations

from typing import Any

from meprop.markdown import PERCENT, interval, mean

from minimalbp.experiment import SMALL

# What was to be reached: units on average at most, points of test accuracy below dense at most.
AIMS = {"mnist": (180, 0.15), "tagging": (100, 0.5), "parsing": (100, 0.5)}
SHARE = 0.7  # of the reduction in multiply-adds that the forward pass must be faster


def mesimp_table(report: dict[str, Any]) -> str:
    """Each network's size and score, then the speed of the forward pass, then what the figures say."""
    parser = report["config"]["task"] == "parsing"
    score = "UAS" if parser else "%"
    lines = [
        f"| network | units on average | dev {score} | test {score} at best dev | minus dense, paired "
        f"| minus simplified, paired | best epoch |",
        "|---|---|---|---|---|---|---|",
    ]
    for arm in report["arms"]:
        gaps = (
            mean(arm[f"minus {o}"], digits="+.2f") if f"minus {o}" in arm else "" for o in ("dense", SMALL)
        )
        lines.append(
            f"| {arm['name']} | {mean(arm['average_width'], unit=1, digits='.1f')} | {mean(arm['dev_accuracy'])} "
            f"| {mean(arm['test_accuracy'])} | {' | '.join(gaps)} | {arm['best_epoch']['mean']:.1f} |"
        )
    paper = report["paper"]
    lines.append(f"| *the paper, its own data* | {paper['average_width']} | | {paper['test']:.2f} "
                 f"| {paper['test'] - paper['dense']:+.2f} | | |")  # fmt: skip
    lines += ["", "| forward pass, batch of | dense, µs | simplified, µs | speed-up | multiply-adds | share |",
              "|---|---|---|---|---|---|"]  # fmt: skip
    for same in zip(*report["decoding"]):
        n = len(same)
        large, small = (_time(same, key) for key in ("large", "small"))
        gain, less, share = (sum(d[key] for d in same) / n for key in ("speedup", "reduction", "share"))
        lines.append(f"| {same[0]['batch']:,} | {large} | {small} | {gain:.2f}x | {less:.2f}x less "
                     f"| {share:.2f} |")  # fmt: skip
    on = report["decoded_on"]
    lines += [
        "",
        f"The forward pass was timed on {on['cpu']}, {on['cores']} cores, at commit {on['commit']}.",
    ]
    picture = f"![activeness, widths and accuracies of seed 0](mesimp/{report['table']}.png)"
    return "\n".join([*lines, "", *_said(report), "", picture])


def _time(same: tuple[dict[str, Any], ...], key: str) -> str:
    """Mean microseconds over the seeds, and in which way that was."""
    mean_of = sum(1e6 * d["seconds"][key] for d in same) / len(same)
    return f"{mean_of:,.0f} ({' or '.join(sorted({d['by'][key] for d in same}))})"


def _said(report: dict[str, Any]) -> list[str]:
    """The aims, and whether the seeds reach them."""
    small = next(arm for arm in report["arms"] if arm["name"] == SMALL)
    lines = []
    task = report["table"].split("-")[0]
    if task in AIMS:
        most, points = AIMS[task]
        width, gap = small["average_width"]["mean"], small["minus dense"]
        lines.append(f"* At most {most} units on average: {width:.1f}, {_word(width <= most)}.")
        lines.append(f"* At most {points} points below dense: {_gap(gap, points)}.")
    for arm in report["arms"]:
        if arm["name"] in ("dense", SMALL):
            continue
        gap = arm[f"minus {SMALL}"]
        ahead = "better than" if gap["mean"] < 0 else "worse than"
        sure = gap["low"] is not None and not gap["low"] <= 0 <= gap["high"]
        doubt = "" if sure else f", though {gap['n']} seeds do not tell them apart"
        lines.append(
            f"* On average {ahead} {arm['name']} of the same size, by {abs(100 * gap['mean']):.2f} points{doubt}."
        )
    shares = [d["share"] for seed in report["decoding"] for d in seed]
    lines.append(f"* Share of the reduction at least {SHARE}: {min(shares):.2f} to {max(shares):.2f} over seeds "
                 f"and batches, {_word(min(shares) >= SHARE)}.")  # fmt: skip
    return lines


def _gap(gap: dict[str, Any], points: float) -> str:
    """A paired difference in points with its interval, and whether it is at least -points."""
    limit = -points / PERCENT
    settled = gap["low"] is None or not gap["low"] < limit < gap["high"]
    doubt = "" if settled else f", though {gap['n']} seeds do not settle it"
    return f"{interval(gap)}, {_word(gap['mean'] >= limit)} on average{doubt}"


def _word(reached: bool) -> str:
    return "reached" if reached else "missed"
