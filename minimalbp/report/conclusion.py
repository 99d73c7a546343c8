"""What a comparison says, in a few plain sentences made of its figures, and the next command to try."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from .arms import DENSE, Run, by_arm, mean, minus_dense, speedup, values
from .next_command import next_command
from .stats import spread, verdict

WIDTH = 100  # characters of a line
SAME = 0.05  # speeds and work that differ by less count as equal


def conclusion(report: dict[str, Any], typed: Mapping[str, Any] | None = None) -> str:
    """Say which sparse arm is best, how near to dense, how fast and why not faster, and what to try next.

    report: of `compare`. typed: options of the command line by name, of which the next command is made; None leaves
    it out.
    """
    sentences = _sentences(report)
    text = textwrap.fill(" ".join(sentences), WIDTH, break_long_words=False, break_on_hyphens=False)
    return text if typed is None else f"{text}\nNext, try: {next_command(report, best_arm(report), typed)}"


def best_arm(report: dict[str, Any]) -> str | None:
    """The sparse arm with the best dev score, the faster of equals; None where none has a score."""
    key = f"dev_{_main(report)[0]}"

    def worth(name: str) -> tuple[float, float]:
        return spread(values(arms[name], key))["mean"], (speedup(report, name) or {"step": 0.0})["step"]

    arms = {name: runs for name, runs in by_arm(report).items() if name != DENSE and values(runs, key)}
    return max(arms, key=worth) if arms else None


def _sentences(report: dict[str, Any]) -> list[str]:
    arms, best = by_arm(report), best_arm(report)
    lost = [name for name, runs in arms.items() if not values(runs, f"dev_{_main(report)[0]}")]
    said = [f"{_list(lost)} diverged: the loss was no longer finite."] if lost else []
    if DENSE not in arms or DENSE in lost:
        return [*said, "Without a dense network there is nothing to compare with."]
    if best is None:
        return said or ["Only the dense network was trained, so there is nothing to compare it with."]
    said += [_score(report, best), *_speed(report, best)]
    papers = [name for name, runs in arms.items() if _papers(runs) and name not in (best, *lost)]
    if _papers(arms[best]):
        rise = _rise(arms[best])
        said += [f"Its {rise}."] if rise else []
    elif papers:
        said += _of_paper(report, best, papers[0])
    return said


def _score(report: dict[str, Any], best: str) -> str:
    """How well the best sparse arm does, at its best dev score and after its last step."""
    name, title = _main(report)
    arms = by_arm(report)
    n = len(arms) - 1
    among = f", the best of {n} sparse arms," if n > 1 else ""
    gaps = {key: minus_dense(report, best, key) for key in (f"test_{name}", f"last_test_{name}")}
    first, last = gaps.values()
    score, after = (spread(values(arms[best], key))["mean"] for key in gaps)
    line = f"{best}{among} has a test {title} of {100 * score:.2f} %"
    if first["mean"] is None:
        return f"{line}; no seed of it can be compared with dense."
    line += f", {_points(first['mean'])}"
    if last["mean"] is not None:
        line += f", and after the last step of {100 * after:.2f} %, {_points(last['mean'])}"
    if first["low"] is None:
        return f"{line}; one seed decides nothing."
    word = verdict(first, "better than dense", "worse than dense", "no difference that these seeds show")
    interval = f"{100 * first['low']:+.2f} to {100 * first['high']:+.2f}"
    return f"{line}. Over {first['n']} seeds the 95 % interval of the first difference is {interval}: {word}."


def _points(gap: float) -> str:
    points = round(100 * gap, 2)
    if not points:
        return "as dense"
    return f"{abs(points):.2f} points {'above' if points > 0 else 'below'} dense"


def _speed(report: dict[str, Any], best: str) -> list[str]:
    """How fast it is, and why the whole step gains less than the backward pass."""
    gain = speedup(report, best)
    if gain is None:
        return []
    backward, step = (_times(gain[part]) for part in ("backward", "step"))
    line = f"Its backward pass is {backward} as the dense one, and its whole step is {step}."
    if gain["backward"] < 1 - SAME:
        what = "choosing" if by_arm(report)[best][0].get("topology") is None else "a sparse layer"
        return [line, f"At this size {what} costs more than it saves."]
    return [line] if gain["step"] > gain["backward"] * (1 - SAME) else [line, _why(report, best)]


def _times(factor: float) -> str:
    if abs(factor - 1) < SAME:
        return "as fast"
    return f"{factor:.1f} times as fast" if factor > 1 else f"only {factor:.2f} times as fast"


def _why(report: dict[str, Any], best: str) -> str:
    """The phases of a step that a sparse gradient leaves as they are, with their shares of the dense step."""
    arms = by_arm(report)
    dense, sparse = arms[DENSE], arms[best]
    total = mean(dense, "seconds", "total") or 1.0
    same: list[str] = []
    less: list[str] = []
    for phase, title in (("forward", "forward pass"), ("update", "update")):
        work, other = mean(dense, "ops", phase) or 0.0, mean(sparse, "ops", phase) or 0.0
        share = (mean(dense, "seconds", phase) or 0.0) / total
        words = f"the {title} ({100 * share:.0f} % of the dense step)"
        (same if other >= work * (1 - SAME) else less).append(words)
    if not same:
        return f"The step gains less, because {_list(less)} shrink{'' if len(less) > 1 else 's'} less."
    line = f"The step gains less, because {_list(same)} {'do' if len(same) > 1 else 'does'} not shrink"
    return f"{line}; {_list(less)} shrinks too." if less else f"{line}."


def _of_paper(report: dict[str, Any], best: str, name: str) -> list[str]:
    """What the paper's rule did, if it did worse than the best."""
    key, arms = f"test_{_main(report)[0]}", by_arm(report)
    mine, other = (spread(values(arms[arm], key))["mean"] for arm in (name, best))
    gap = minus_dense(report, name, key)["mean"]
    if mine >= other or gap is None:
        return []
    rise = _rise(arms[name])
    return [f"The paper's own rule, {name}, ends {_points(gap)}{': its ' + rise if rise else ''}."]


def _rise(runs: list[Run]) -> str:
    """A loss that rose above that of the first step, in words; empty where none did."""
    rises = [
        (max(run["curve"]["train_loss"]), run["first_loss"])
        for run in runs
        if run.get("first_loss") is not None and run.get("curve")
    ]
    high, first = max(rises, key=lambda pair: pair[0] - pair[1], default=(0.0, 0.0))
    return (
        f"loss rose to {high:.1f}, above the {first:.1f} of the first step"
        if high > first * (1 + SAME)
        else ""
    )


def _papers(runs: list[Run]) -> bool:
    """Whether an arm is the rule of the meProp paper: top-k in dense layers, not centred."""
    first = runs[0]
    plain = first.get("center", "off") == "off" and first.get("topology") is None
    return first.get("select", {}).get("name") == "topk" and plain


def _main(report: dict[str, Any]) -> tuple[str, str]:
    """Name and title of the score that decides."""
    return next(iter(report["scores"].items()))


def _list(words: list[str]) -> str:
    return " and ".join(words)
