"""The meProp paper's claims that a reader should check first, each judged from the runs of the tables.

A claim is a list of cases; a case is a paired difference with its confidence interval, and the word that this
allows. The verdict on the claim counts the words. Nothing here is typed in but margins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from minimalbp.report import LEVEL, paired, spread, verdict

from .arms import KS
from .markdown import PERCENT, interval

FAR = 0.01  # "far above": clearly, and the whole interval of the difference is more than a point above zero
ROBUST = ("far above", "clearly above")  # clearly: the 95 % intervals of the two means do not overlap
# The aims of this project on its own corpus: test accuracy or UAS of dense, and how far below it top-k may be.
ENOUGH = {"tagging": 0.925, "parsing": 0.80}
NEAR = {"tagging": 0.003, "parsing": 0.005}
HOW = {"parsing": "; with dropout 0.5"}  # what such a claim hangs on
Reports = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """What is compared, where, the difference (`spread`), and what it says."""

    what: str
    where: str
    gap: dict[str, Any]
    word: str


@dataclass(frozen=True)
class Claim:
    text: str
    verdict: str
    cases: Sequence[Case]
    unit: float = PERCENT


def claims(reports: Reports) -> list[Claim]:
    """Every claim that the reports at hand have something to say on."""
    makers: tuple[Callable[[Reports], Claim], ...] = (
        above_random,
        above_narrow,
        peak,
        lower_loss,
        improves,
        slower,
        enough,
        near,
    )
    return [claim for claim in (make(reports) for make in makers) if claim.cases]


def above_random(reports: Reports) -> Claim:
    pairs = [(f"top-k k={k}", f"random k={k}{scaled}") for scaled in ("", ", scaled by n / k") for k in KS]
    cases = tuple(_far(reports, ("figure4", "mnist"), pairs))
    return Claim("Top-k is far above random-k at the same k", _count(cases, *ROBUST), cases)


def above_narrow(reports: Reports) -> Claim:
    pairs = [(f"top-k k={k}", f"dense h={k}") for k in KS]
    cases = tuple(_far(reports, ("figure4", "table3"), pairs))
    return Claim("k of 500 units is far above a net that is k wide", _count(cases, *ROBUST), cases)


def _far(reports: Reports, names: tuple[str, ...], pairs: list[tuple[str, str]]) -> Iterator[Case]:
    for name in names:
        for one, other in pairs:
            if name in reports and {one, other} <= _names(reports[name]):
                gap = paired(_runs(reports[name], one), _runs(reports[name], other))
                word = verdict(gap, "above", "below", "undecided")
                if word == "above" and _apart(reports[name], one, other):
                    word = ROBUST[0] if gap["low"] > FAR else ROBUST[1]
                yield Case(f"{one} minus {other}", _where(reports[name]), gap, word)


def peak(reports: Reports) -> Claim:
    """The best of several k is judged, so each interval is wider (Bonferroni)."""
    text = "Accuracy peaks at an intermediate k, above dense and above the smallest k"
    report = reports.get("figure4-topk", reports.get("figure4"))
    if report is None:
        return Claim(text, "", ())
    ks = [k for k in (*KS, 160) if f"top-k k={k}" in _names(report)]
    level = 1 - (1 - LEVEL) / len(ks)
    names, cases = [f"top-k k={k}" for k in ks], []
    for name in names:
        gap = paired(_runs(report, name), _runs(report, "dense h=500"), level=level)
        cases.append(
            Case(f"{name} minus dense", _where(report), gap, verdict(gap, "above", "below", "undecided"))
        )
    best = max(names, key=lambda name: _mean(report, name))
    gap = paired(_runs(report, best), _runs(report, names[0]), level=level)
    word = verdict(gap, "above", "below", "undecided")
    cases.append(Case(f"{best}, the best of them, minus {names[0]}", _where(report), gap, word))
    over_dense = cases[names.index(best)].word
    if best != names[0] and over_dense == word == "above":
        said = f"holds: {best} is above both"
    else:
        said = (
            f"not shown: the best k is that of {best}; against dense {over_dense}, against {names[0]} {word}"
        )
    return Claim(f"{text} (intervals at {PERCENT * level:.1f} %)", said, tuple(cases))


def lower_loss(reports: Reports) -> Claim:
    cases = tuple(_against_dense(reports, "test_loss", ("higher", "lower")))
    return Claim("The test loss is lower than dense", _count(cases, "lower"), cases, unit=1)


def improves(reports: Reports) -> Claim:
    cases = tuple(_against_dense(reports, "test_accuracy", ("better", "worse")))
    return Claim("Test accuracy improves over dense", _count(cases, "better"), cases)


def slower(reports: Reports) -> Claim:
    """Not in the paper, but in the logs of its authors' code."""
    cases = tuple(_against_dense(reports, "first_epoch", ("faster", "slower")))
    return Claim("Early epochs are slower: dev accuracy after the first", _count(cases, "slower"), cases)


def enough(reports: Reports) -> Claim:
    cases = []
    for name in filter(reports.__contains__, ENOUGH):
        runs = _runs(reports[name], "dense h=500")
        gap = spread(
            [run["test_accuracy"] - ENOUGH[name] for run in runs if run["test_accuracy"] is not None]
        )
        what = f"dense h=500 minus {PERCENT * ENOUGH[name]:g}"
        cases.append(Case(what, _where(reports[name]), gap, verdict(gap, "above", "below", "undecided")))
    return Claim("The dense tagger and parser are good enough to learn from", _count(cases, "above"), cases)


def near(reports: Reports) -> Claim:
    """Not just that no difference was found: the whole interval lies above the margin."""
    cases = []
    for name in filter(reports.__contains__, NEAR):
        for arm in reports[name]["arms"]:
            if arm["changes"].get("select") == "topk":
                gap = paired(*(_runs(reports[name], n) for n in (arm["name"], arm["against"])))
                what = (
                    f"{arm['name']} minus dense, {PERCENT * NEAR[name]:g} points allowed{HOW.get(name, '')}"
                )
                cases.append(Case(what, _where(reports[name]), gap, _near(gap, NEAR[name])))
    return Claim("On text top-k is near dense, or above", _count(cases, "near"), cases)


def _near(gap: dict[str, Any], margin: float) -> str:
    moved = {key: None if gap[key] is None else gap[key] + margin for key in ("low", "high")}
    return verdict(moved, "near", "below", "undecided")


def _against_dense(reports: Reports, key: str, words: tuple[str, str]) -> Iterator[Case]:
    """Every top-k or unified arm that updates all rows, minus the dense arm of the same net; each pair once.

    Whatever the number of epochs, the first is the same.
    """
    seen = set()
    for name in ("table1", "mnist", "figure4-topk", "figure4", "table4", "table5", "table6", *NEAR):
        report = reports.get(name, {"arms": []})
        dense = [arm["name"] for arm in report["arms"] if "select" not in arm["changes"]]
        for arm in report["arms"]:
            pair = (name in NEAR and name, str(arm["changes"]), key == "first_epoch" or report["epochs"])
            sparse = arm["changes"].get("select") in ("topk", "unified") and arm["rows"] == "all"
            if not sparse or arm["against"] not in dense or pair in seen:
                continue
            seen.add(pair)
            mine, others = (_with_first_epoch(_runs(report, n)) for n in (arm["name"], arm["against"]))
            gap = paired(mine, others, key)
            yield Case(f"{arm['name']} minus dense", _where(report), gap, verdict(gap, *words, "undecided"))


def _with_first_epoch(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [run | {"first_epoch": (run.get("dev_by_epoch") or [None])[0]} for run in runs]


def _count(cases: Sequence[Case], *wanted: str) -> str:
    """Whether it holds, which is where the words are among those wanted, and how often which was found."""
    words = [case.word for case in cases]
    counts = ", ".join(
        f"{word} in {words.count(word)}" for word in dict.fromkeys([wanted[0], *sorted(words)])
    )
    found = [word in wanted for word in words]
    if not all(found):
        return f"{'holds in part' if any(found) else 'not shown'}: of {len(words)} {counts}"
    holds = f"holds in all {len(words)}" if len(words) > 1 else "holds in the one case at hand"
    return holds if set(words) == {wanted[0]} else f"{holds}: {counts}"


def _names(report: dict[str, Any]) -> set[str]:
    return {arm["name"] for arm in report["arms"]}


def _runs(report: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [run for run in report["runs"] if run["name"] == name]


def _apart(report: dict[str, Any], one: str, other: str) -> bool:
    """Whether the confidence intervals of the two means, each by itself, do not overlap."""
    score = {arm["name"]: arm["test_accuracy"] for arm in report["arms"]}
    return bool(score[one]["low"] > score[other]["high"])


def _mean(report: dict[str, Any], name: str) -> float:
    return next(arm["test_accuracy"]["mean"] or 0.0 for arm in report["arms"] if arm["name"] == name)


def _where(report: dict[str, Any]) -> str:
    return f"{report['table']}, {report['epochs']} epochs"


def claims_markdown(reports: Reports) -> str:
    """Each claim with its verdict and its cases."""
    parts = []
    for claim in claims(reports):
        digits = "+.2f" if claim.unit == PERCENT else "+.3f"
        rows = [
            f"| {c.what} | {c.where} | {interval(c.gap, claim.unit, digits)} | {c.word} |"
            for c in claim.cases
        ]
        unit = "points" if claim.unit == PERCENT else "loss"
        parts.append(
            "\n".join([f"**{claim.text}**: {claim.verdict}.\n",
                       f"| difference, paired by seed | from | {unit} [interval] | |", "|---|---|---|---|", *rows])
        )  # fmt: skip
    return "\n\n".join(parts)
