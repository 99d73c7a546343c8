"""The tables of reproduce_meprop.py as Markdown, the paper's figures beside ours, and where the two disagree."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]  # of one arm
PERCENT = 100


def table(report: dict[str, Any]) -> str:
    """The Markdown of one TABLE.json, and its picture."""
    name = report["table"]
    make = text_table if "corpus" in report else time_table if name == "table2" else accuracy_table
    return f"{make(report)}\n\n![{report['title']}](meprop/{name}.png)"


def accuracy_table(report: dict[str, Any]) -> str:
    """One line for each arm: mean ± standard error, the paired difference with its 95 % interval, the paper."""
    lines = [
        "| arm | dev % | test % | best epoch | test loss | test %, paired difference [95 %] | the paper's test % "
        "| its difference | agrees |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    arms = {arm["name"]: arm for arm in report["arms"]}
    for name, arm in arms.items():
        gap, theirs = "", papers_gap(arm, arms)
        if arm["against"]:
            gap = f"{interval(arm['gap']['test_accuracy'])} from {arm['against']}"
        cells = [
            f"{name} ({arm['diverged']} diverged)" if arm["diverged"] else name,
            mean(arm["dev_accuracy"]), mean(arm["test_accuracy"]), mean(arm["best_epoch"], 1, ".1f"),
            mean(arm["test_loss"], 1, ".3f"), gap, printed(arm["paper"]),
            "" if theirs is None else f"{theirs:+.2f}", agrees(arm, arms),
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    count, whole = report["epochs"], report["paper_epochs"]
    note = f"{count} epoch{'s' if count != 1 else ''}" + (
        f" instead of the paper's {whole}" if count != whole else ""
    )
    note = f"Means ± standard errors of {report['seeds']} seeds, {note}. {took(report)}"
    return "\n".join(lines) + f"\n\n{note}"


def mnist_table(report: dict[str, Any]) -> str:
    """Accuracy of each arm, mean and standard error over the seeds: for the page on MNIST and the README."""
    lines = [
        "| arm | optimiser rows | dev % | test % at best dev | minus dense, paired | best epoch | paper's test % |",
        "|---|---|---|---|---|---|---|",
    ]
    for arm in report["arms"]:
        gap = mean(arm["gap"]["test_accuracy"], digits="+.2f") if "gap" in arm else ""
        paper = f"{arm['paper']['test']:g}" if arm["paper"] else ""
        lines.append(
            f"| {arm['name'].split(',')[0]} | {arm['rows']} | {mean(arm['dev_accuracy'])} "
            f"| {mean(arm['test_accuracy'])} | {gap} | {arm['best_epoch']['mean']:.1f} | {paper} |"
        )
    return "\n".join([*lines, "", took(report)])


def text_table(report: dict[str, Any]) -> str:
    """Accuracy, or UAS and LAS, of each arm on EWT; nothing of the paper's, whose corpus is another."""
    parser = report["table"].startswith("parsing")
    score = "UAS" if parser else "accuracy"
    heads = ["arm", f"dev {score} %", f"test {score} %", *(["test LAS %"] if parser else []), "best epoch",
             "test loss", f"test {score} %, paired difference [95 %]"]  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for arm in report["arms"]:
        gap = f"{interval(arm['gap']['test_accuracy'])} from {arm['against']}" if arm["against"] else ""
        cells = [
            f"{arm['name']} ({arm['diverged']} diverged)" if arm["diverged"] else arm["name"],
            mean(arm["dev_accuracy"]), mean(arm["test_accuracy"]), *([mean(arm["test_las"])] if parser else []),
            mean(arm["best_epoch"], 1, ".1f"), mean(arm["test_loss"], 1, ".3f"), gap,
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    corpus, epochs = report["corpus"], report["epochs"]
    note = (
        f"Means ± standard errors of {report['seeds']} seeds, {epochs} epoch{'s' if epochs != 1 else ''}. "
        f"{corpus['name']}: {corpus['train']:,} sentences to train on, {corpus['dev']:,} in dev, "
        f"{corpus['test']:,} in test."
    )
    if parser:
        left = corpus["not_projective"]
        shares = ", ".join(f"{left[part] / corpus[part]:.1%} of {part}" for part in left)
        note += f" Trees that are not projective: {shares}; dev and test keep theirs."
    return "\n".join(lines) + f"\n\n{note} {took(report)}"


def took(report: dict[str, Any]) -> str:
    """How long all runs of a table took together, each on one thread, whatever else the machine did."""
    minutes = sum(run["seconds"] for run in report["runs"]) / 60
    said = f"{minutes / 60:.1f} hours" if minutes >= 60 else f"{minutes:.0f} minutes"
    return f"Its runs took {said} of the clock, run by run."


def printed(paper: dict[str, float]) -> str:
    """98.01 (dev 98.22, epoch 15)."""
    more = [f"dev {paper['dev']:.2f}"] if "dev" in paper else []
    more += [f"epoch {paper['epoch']:g}"] if "epoch" in paper else []
    return (f"{paper['test']:.2f}" if "test" in paper else "") + (f" ({', '.join(more)})" if more else "")


def mean(value: dict[str, Any], unit: float = PERCENT, digits: str = ".2f") -> str:
    """98.04 ± 0.04: mean and standard error."""
    if value["mean"] is None:
        return "-"
    text = f"{unit * value['mean']:{digits}}"
    return text if value["se"] is None else f"{text} ± {unit * value['se']:{digits.lstrip('+')}}"


def interval(gap: dict[str, Any], unit: float = PERCENT, digits: str = "+.2f") -> str:
    """-0.31 [-0.64, +0.02]: mean and confidence interval."""
    if gap["mean"] is None:
        return "-"
    text = f"{unit * gap['mean']:{digits}}"
    return text if gap["low"] is None else (
        f"{text} [{unit * gap['low']:{digits}}, {unit * gap['high']:{digits}}]"
    )  # fmt: skip


def papers_gap(arm: Row, arms: dict[str, Row]) -> float | None:
    """The paper's difference of test accuracies, in points; None where it prints none."""
    other = arms.get(arm["against"], {"paper": {}})["paper"]
    return arm["paper"]["test"] - other["test"] if "test" in arm["paper"] and "test" in other else None


def agrees(arm: Row, arms: dict[str, Row]) -> str:
    """Where the paper's difference lies: "yes" in the interval of our mean, "as one run" where one more of our runs
    would fall, else "no"; "" where either is not known.
    """
    paper = papers_gap(arm, arms)
    if paper is None or arm["gap"]["test_accuracy"]["next"] is None:
        return ""
    gap, paper = arm["gap"]["test_accuracy"], paper / PERCENT
    if gap["low"] <= paper <= gap["high"]:
        return "yes"
    return "as one run" if gap["next"][0] <= paper <= gap["next"][1] else "no"


PARTS = ("linear", "forward", "backward", "both", "update", "total")  # of an epoch, as the columns stand


def time_table(report: dict[str, Any]) -> str:
    """Seconds of an epoch, and how many times faster than the dense arm of the same optimiser."""
    lines = [
        "| arm | linear backward | forward | backward | forward + backward | update | whole epoch "
        "| paper: linear, forward, backward, both |",
        "|---|---|---|---|---|---|---|---|",
    ]
    arms = {arm["name"]: arm for arm in report["arms"]}
    for name, arm in arms.items():
        cells = [cell(arm, arms, part) for part in PARTS]
        paper = ", ".join(papers_cell(arm, part) for part in PARTS if part in arm["paper"])
        lines.append(f"| {name} | {' | '.join(cells)} | {paper} |")
    threads = report["threads"]
    return "\n".join(lines) + (
        f"\n\nSeconds of an epoch of {report['steps']} steps, means ± standard errors of {report['seeds']} seeds, "
        f"{threads} thread{'s' if threads != 1 else ''}, processor time at least {report['cpu_share']:.0%} of the "
        "clock's. "
        f"{ceiling(arms['Adam, dense'])}"
    )


def cell(arm: Row, arms: dict[str, Row], part: str) -> str:
    """8.03 ± 0.02 (3.1x)."""
    if part not in arm["seconds"]:
        return "-"
    faster = speedup(arm, arms, part)
    return mean(arm["seconds"][part], 1) + ("" if faster is None else f" ({faster:.2f}x)")


def papers_cell(arm: Row, part: str) -> str:
    faster = arm["paper"].get(f"{part}_x")
    return f"{arm['paper'][part]:g}" + ("" if faster is None else f" ({faster:g}x)")


def speedup(arm: Row, arms: dict[str, Row], part: str) -> float | None:
    """How many times faster a part is than in the arm it stands against; None where that is not known."""
    if not arm["against"]:
        return None
    other = arms[arm["against"]]
    if part not in arm["seconds"] or part not in other["seconds"]:
        return None
    return other["seconds"][part]["mean"] / arm["seconds"][part]["mean"]


def ceiling(dense: Row) -> str:
    """Amdahl's line: what a backward pass that takes no time would be worth, with the optimiser and without."""
    s = {part: dense["seconds"][part]["mean"] for part in ("forward", "both", "update", "total")}
    theirs = dense["paper"]["both"] / dense["paper"]["forward"]
    return (
        f"Were the backward pass for nothing, forward + backward would be {s['both'] / s['forward']:.1f}x faster "
        f"(in the paper {theirs:.1f}x), the whole epoch {s['total'] / (s['forward'] + s['update']):.1f}x."
    )


def disagreements(report: dict[str, Any]) -> list[str]:
    """Each finding that is not the paper's, in words."""
    arms = {arm["name"]: arm for arm in report["arms"]}
    if report["table"] == "table2":
        return [line for arm in arms.values() for line in _slower_or_faster(arm, arms)]
    found = []
    for name, arm in arms.items():
        paper, word = papers_gap(arm, arms), agrees(arm, arms)
        if paper is None or word in ("", "yes"):
            continue
        gap = arm["gap"]["test_accuracy"]
        said = f"{name} minus {arm['against']} is {interval(gap)} points, in the paper {paper:+.2f}"
        if report["epochs"] != report["paper_epochs"]:
            said += f" after {report['paper_epochs']} epochs, not {report['epochs']}"
        if gap["high"] < 0 < paper or paper < 0 < gap["low"]:
            said += ", the other way round"
        one_run = "outside our interval, but one more run of ours could give it"
        found.append(f"{said}: {one_run if word != 'no' else 'not what one more run of ours would give'}")
    return found


def _slower_or_faster(arm: Row, arms: dict[str, Row]) -> list[str]:
    """Speed-ups that differ from the paper's by more than a fifth."""
    found = []
    for part in arm["paper"]:
        ours, theirs = speedup(arm, arms, part), arm["paper"].get(f"{part}_x")
        if ours and theirs and not 1 / 1.2 < ours / theirs < 1.2:
            name = {"linear": "linear backward", "both": "forward + backward"}.get(part, part)
            found.append(
                f"{arm['name']}: {name} is {ours:.1f}x faster than dense, in the paper {theirs:.1f}x"
            )
    return found
