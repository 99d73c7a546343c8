"""The MNIST tables of the meProp paper (arXiv 1706.06197) as arms: the settings of a training, the paper's figures.

Every arm is BASE with some settings changed. What the paper prints is in per cent; figures of Figure 4 are read off
it to about 0.05.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from minimalbp import Settings

# 784-500-500-10, ReLU, pixels / 255, dev = the first 5,000 training images; the paper's sections 3 and 4. Written
# out in full: finished runs are known by their settings, so a default that changes must not rename them.
BASE = Settings(
    task="classify", data="mnist", hidden=(500, 500), select="dense", optimizer="adam", rows="all", lr=1e-3,
    epochs=20, batch=10, dropout=0.0, clip=None, init="glorot_uniform", evals=8, tags=None, bidirectional=False,
    seed=0, backend="cpu", threads=1,
)  # fmt: skip
KS = (5, 10, 20, 40, 80)  # 1, 2, 4, 8 and 16 % of 500


@dataclass(frozen=True)
class Arm:
    """changes: the settings that differ from `base`. against: the arm that the paired difference is with.

    paper: what it prints, of "dev", "test" (per cent) and "epoch" (its "Iter").
    """

    name: str
    changes: dict[str, Any]
    against: str = ""
    paper: dict[str, float] = field(default_factory=dict)
    base: Settings = BASE

    def settings(self, **more: Any) -> Settings:
        """The settings of one training."""
        return self.base.changed(**self.changes, **more)


@dataclass(frozen=True)
class Table:
    """epochs: the paper's are BASE's 20; fewer where these would take hours on a busy machine."""

    title: str
    arms: tuple[Arm, ...]
    epochs: int = BASE.epochs


def _dense(**paper: float) -> Arm:
    return Arm("dense h=500", {}, paper=paper)


def _top_k(k: int, against: str = "dense h=500", rows: str = "all", **paper: float) -> Arm:
    changes: dict[str, Any] = {"select": "topk", "k": k}
    if rows == "all":
        return Arm(f"top-k k={k}", changes, against, paper)
    return Arm(f"top-k k={k}, {rows} rows", changes | {"rows": rows}, against, paper)


def _random(k: int, against: str, *, scaled: bool = False, rows: str = "all", **paper: float) -> Arm:
    changes: dict[str, Any] = {"select": "random-scaled" if scaled else "random", "k": k, "rows": rows}
    name = f"random k={k}" + (", scaled by n / k" if scaled else "")
    return Arm(name if rows == "all" else f"{name}, {rows} rows", changes, against, paper)


def _narrow(h: int, against: str, **paper: float) -> Arm:
    return Arm(f"dense h={h}", {"hidden": (h, h)}, against, paper)


def _mnist() -> Table:
    """Not in the paper: its main arms beside those that update the chosen rows only."""
    return Table("the main arms, and updates of the chosen rows only", (
        _dense(test=97.82), _top_k(20, test=98.01), _top_k(20, rows="chosen"),
        _top_k(80, test=98.15), _top_k(80, rows="chosen"),
        _random(20, "dense h=500", test=92.2), _random(20, "dense h=500", rows="chosen"),
        _narrow(20, "dense h=500", test=95.77),
    ))  # fmt: skip


def _table1() -> Table:
    adagrad = {"optimizer": "adagrad", "lr": 0.1}
    return Table("Table 1: AdaGrad and Adam", (
        Arm("AdaGrad, dense h=500", adagrad, "", {"dev": 98.20, "test": 97.52, "epoch": 8}),
        Arm("AdaGrad, top-k k=10", adagrad | {"select": "topk", "k": 10}, "AdaGrad, dense h=500",
            {"dev": 98.20, "test": 98.00, "epoch": 16}),
        Arm("Adam, dense h=500", {}, "", {"dev": 98.32, "test": 97.82, "epoch": 17}),
        Arm("Adam, top-k k=20", {"select": "topk", "k": 20}, "Adam, dense h=500",
            {"dev": 98.22, "test": 98.01, "epoch": 15}),
    ))  # fmt: skip


def _sweep() -> list[Arm]:
    """Figure 4a."""
    top = {5: 96.00, 20: 98.01, 40: 98.11, 80: 98.15, 160: 98.02}  # k = 10 is not drawn
    return [_dense(test=97.82), *(_top_k(k, **({"test": top[k]} if k in top else {})) for k in (*KS, 160))]


def _figure4() -> Table:
    raw = dict(zip(KS, (86.9, 90.4, 92.2, 94.1, 96.0)))
    narrow = {5: 90.7, 10: 94.1, 20: 96.4, 40: 97.1, 50: 97.3}
    arms = _sweep()
    for scaled in (False, True):
        arms += [
            _random(k, f"top-k k={k}", scaled=scaled, **({} if scaled else {"test": raw[k]})) for k in KS
        ]
    arms += [_narrow(h, f"top-k k={h}" if h in KS else "dense h=500", test=t) for h, t in narrow.items()]
    return Table("Figure 4: how k is chosen, and what is as cheap", tuple(arms), epochs=8)


def _figure4_top_k() -> Table:
    """Few epochs are hard on small k: the sweep that the peak is judged by is not cut short."""
    return Table("Figure 4, top-k alone, all epochs", tuple(_sweep()))


def _table3() -> Table:
    narrow = _narrow(20, "", test=95.77, epoch=15)
    return Table(
        "Table 3: k of 500 units against a net of k units",
        (narrow, _top_k(20, narrow.name, test=98.01, epoch=17)),
    )


def _table4() -> Table:
    return Table("Table 4: with dropout 0.2", _pair({"dropout": 0.2}, 25, 98.09, 98.32))


def _table5() -> Table:
    paper = {2: (98.10, 98.20), 3: (98.21, 98.37), 4: (98.10, 98.15), 5: (98.05, 98.21)}
    arms: list[Arm] = []
    for depth, (dense, sparse) in paper.items():
        arms += _pair({"dropout": 0.1, "hidden": (500,) * depth}, 25, dense, sparse, f"{depth} hidden, ")
    return Table("Table 5: depth, with dropout 0.1", tuple(arms), epochs=8)


def _table6() -> Table:
    deep = {"batch": 50, "hidden": (500,) * 5}
    return Table("Table 6: one choice for the whole mini-batch of 50 (unified top-k)", (
        *_pair({"batch": 50}, 30, 97.97, 98.08, "2 hidden, ", "unified"),
        *_pair(deep, 50, 98.09, 98.36, "5 hidden, ", "unified"),
    ))  # fmt: skip


def _pair(
    common: dict[str, Any], k: int, dense: float, sparse: float, prefix: str = "", select: str = "topk"
) -> tuple[Arm, Arm]:
    """Dense and with a selector, all else equal, with the test accuracies of the paper."""
    names = f"{prefix}dense", f"{prefix}{'unified ' if select == 'unified' else ''}top-k k={k}"
    return (
        Arm(names[0], common, "", {"test": dense}),
        Arm(names[1], common | {"select": select, "k": k}, names[0], {"test": sparse}),
    )


TABLES = {
    "mnist": _mnist(), "table1": _table1(), "figure4": _figure4(), "figure4-topk": _figure4_top_k(),
    "table3": _table3(), "table4": _table4(), "table5": _table5(), "table6": _table6(),
}  # fmt: skip


def smaller(settings: Settings) -> Settings:
    """The same arm for a smoke test: digits, an epoch, a tenth of the units and of k."""
    changes: dict[str, Any] = {"epochs": 1, "hidden": tuple(max(2, h // 10) for h in settings.hidden)}
    if settings.data == BASE.data:
        changes["data"] = "digits"
    if isinstance(settings.k, int):
        changes["k"] = max(1, settings.k // 10)
    return settings.changed(**changes)
