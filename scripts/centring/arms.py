"""Rules that choose units, with and without centring, as arms on five sets: settings of a training."""

from __future__ import annotations

from typing import Any

from meprop.arms import BASE, Arm, Table
from meprop.text import PARSING, TAGGING

from minimalbp import Settings

DENSE = "dense"
# Beside the paper's rule: per example and over the batch, the largest and unbiased draws.
RULES = (("topk", "off"), ("topk", "dw"), ("topk", "forward"), ("unified", "off"), ("unified", "forward"),
         ("systematic", "forward"), ("systematic-batch", "dw"), ("systematic-batch", "forward"),
         ("threshold-batch", "off"), ("threshold-batch", "forward"))  # fmt: skip
SOME = (("topk", "off"), ("topk", "forward"), ("unified", "forward"), ("systematic", "forward"),
        ("systematic-batch", "forward"), ("threshold-batch", "forward"))  # fmt: skip
FEW = (("topk", "off"), ("topk", "forward"), ("systematic-batch", "forward"))
MENDS = (("topk", "off"), ("topk", "dw"), ("topk", "forward"), ("systematic-batch", "off"),
         ("systematic-batch", "forward"))  # fmt: skip
CHOSEN = (("unified", "forward"), ("threshold-batch", "forward"))  # with updates of the chosen rows only
DIGITS = BASE.changed(data="digits")
SHORT = BASE.changed(data="mnist[:10000]", epochs=10)
FASHION = BASE.changed(data="fashion-mnist", batch=32, schedule="linear")


def rule(base: Settings, select: str, center: str, k: int | str, rows: str = "all", **changes: Any) -> Arm:
    """An arm that is compared with the dense one."""
    words = [
        select,
        f"k={k}",
        *([] if center == "off" else [center]),
        *([] if rows == "all" else [f"rows={rows}"]),
    ]
    changes = {"select": select, "k": k, "center": center, "rows": rows, **changes}
    return Arm(
        " ".join(words), {key: v for key, v in changes.items() if v != getattr(base, key)}, DENSE, base=base
    )


def compared(title: str, base: Settings, rules: tuple[tuple[str, str], ...], *, short: bool = True) -> Table:
    """The rules beside dense, and dense with centring, for k = 25 and 10 of 500; of long runs fewer."""
    arms = [Arm(DENSE, {}, base=base), Arm("dense, forward", {"center": "forward"}, DENSE, base=base)]
    for k in (25, 10):
        arms += [rule(base, *of, k) for of in (rules if short or k == 25 else rules[-1:])]
        arms += [rule(base, *of, k, "chosen") for of in (CHOSEN if short else CHOSEN[-1:])]
    return Table(title, tuple(arms), base.epochs)


def _ablations() -> list[tuple[str, Settings, tuple[int | str, ...]]]:
    """(what is changed, the base with it, the values of k)."""
    k5 = ("5%",)
    found: list[tuple[str, Settings, tuple[int | str, ...]]] = [
        ("as above", DIGITS, ("1%", "2%", "5%", "10%", "20%")),
        ("batch 1", DIGITS.changed(batch=1), k5), ("batch 64", DIGITS.changed(batch=64), k5),
        ("4 hidden layers", DIGITS.changed(hidden=(500,) * 4), k5),
        ("AdaGrad", DIGITS.changed(optimizer="adagrad", lr=0.03), k5),
        ("SGD with momentum", DIGITS.changed(optimizer="sgd", lr=0.03, momentum=0.9), k5),
    ]  # fmt: skip
    return found


def ablations() -> Table:
    """Digits: plain, centred dW, forward centring, systematic, both; batches, depths, optimisers, k."""
    arms: list[Arm] = []
    for what, base, ks in _ablations():
        arms.append(Arm(f"{what}: dense", {}, base=base))
        for k in ks:
            for select, center in MENDS:
                plain = rule(base, select, center, k)
                arms.append(Arm(f"{what}: {plain.name}", plain.changes, f"{what}: dense", base=base))
    return Table("digits: what mends what, 20 epochs", tuple(arms), DIGITS.epochs)


def text(title: str, base: Settings, ks: tuple[int, ...]) -> Table:
    """The same on a treebank: an LSTM chooses for each word."""
    arms = [Arm(DENSE, {}, base=base)]
    for k in ks:
        arms += [
            rule(base, select, center, k) for select in ("topk", "threshold") for center in ("off", "forward")
        ]
    return Table(title, tuple(arms), base.epochs)


TABLES = {
    "digits": compared("digits, 20 epochs, batch 10", DIGITS, RULES),
    "mnist-10k": compared("the first 10,000 of MNIST, 10 epochs, batch 10", SHORT, SOME),
    "mnist-10k-falling": compared("the first 10,000 of MNIST, learning rate falling in a line",
                                  SHORT.changed(schedule="linear"), FEW, short=False),
    "fashion-3": compared("Fashion-MNIST, 3 epochs, batch 32, learning rate falling in a line",
                          FASHION.changed(epochs=3), SOME),
    "fashion-20": compared("Fashion-MNIST, 20 epochs, batch 32, learning rate falling in a line", FASHION, FEW,
                           short=False),
    "mnist": compared("MNIST, 20 epochs, batch 10", BASE, FEW, short=False),
    "ablations": ablations(),
    "tagging": text("POS tagging, EWT", TAGGING, (10,)),
    "tagging-dropout": text("POS tagging, EWT, dropout 0.5", TAGGING.changed(dropout=0.5), (10,)),
    "parsing": text("dependency parsing, EWT", PARSING.changed(dropout=0.0), (20,)),
    "parsing-dropout": text("dependency parsing, EWT, dropout 0.5", PARSING, (20,)),
}  # fmt: skip
