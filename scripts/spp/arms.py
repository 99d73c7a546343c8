"""Networks that are trained once, and how each is pruned: all methods from the same weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from cnn.arms import CONVNET, LENET

from minimalbp import Settings
from minimalbp.prune import METHODS, PrunePlan

RATIOS = (0.75, 0.9, 0.95)
SPP, AS_IT_IS = "spp", "as it is"
NONE = "not pruned"  # the network trained on for as many epochs
INTERVAL = 15  # t, with 313 steps in an epoch; the paper's is 180
# Updates of the methods without probabilities: as many as SPP needs with static ranks of 400 groups.
SPANS = {0.75: 89, 0.9: 113, 0.95: 127}


@dataclass(frozen=True)
class Arm:
    """A way to prune, or not to."""

    name: str
    plan: PrunePlan | None


@dataclass(frozen=True)
class Table:
    """A network, how it is pruned, and for how many epochs in all and after the last removal."""

    title: str
    settings: Settings
    arms: tuple[Arm, ...]
    total: int
    retrain: int


def methods() -> tuple[Arm, ...]:
    """Every method at every ratio, beside the network that is trained on.

    Methods that prune filters get the speed-up that the ratio gives to columns: filters save twice, since the next
    layer loses their channels too.
    """
    arms = [Arm(NONE, None)]
    for ratio in RATIOS:
        for name, rule in METHODS.items():
            much: dict[str, Any] = {"ratio": ratio}
            if rule.only == "filters":
                much = {"speedup": round(1 / (1 - ratio), 6)}
            plan = PrunePlan(**much, method=name, interval=INTERVAL, span=SPANS[ratio])
            arms.append(Arm(f"{name} {ratio:g}", plan))
    return tuple(arms)


def ablations() -> tuple[Arm, ...]:
    """SPP with one thing changed at a time."""
    plan = PrunePlan(ratio=0.9, interval=INTERVAL)
    changes: dict[str, dict[str, Any]] = {
        AS_IT_IS: {}, "u = 0.1": {"u": 0.1}, "u = 0.5": {"u": 0.5}, "A = 0.1": {"a": 0.1},
        "no margin": {"margin": 0.0}, "margin 0.1": {"margin": 0.1}, "literal ranks": {"ranks": "all"},
        "all weights in dx": {"backward": "full"}, "no decay of masked groups": {"decay_masked": False},
        "no rescaling": {"rescale": False}, f"t = {INTERVAL // 3}": {"interval": INTERVAL // 3},
        f"t = {INTERVAL + 5}": {"interval": INTERVAL + 5},
    }  # fmt: skip
    return (Arm(NONE, None), *(Arm(name, replace(plan, **change)) for name, change in changes.items()))


LENET_BASE = LENET.changed(epochs=6, select="dense", k="5%")
CONVNET_BASE = CONVNET.changed(epochs=8, select="dense", k="5%")
TABLES = {
    "lenet": Table("LeNet, 10,000 pictures of MNIST", LENET_BASE, methods(), 10, 4),
    "convnet": Table("ConvNet, 20,000 pictures of CIFAR-10", CONVNET_BASE, methods(), 10, 4),
    "ablations": Table("LeNet, R = 0.9, one thing changed", LENET_BASE, ablations(), 10, 4),
}


def smaller(table: Table) -> Table:
    """The same in seconds: digits, few filters, fast probabilities, the ratios 0.75 and 0.9."""
    settings = table.settings.changed(
        data="digits", epochs=1, batch=100, filters=tuple(n // 2 for n in table.settings.filters),
        hidden=tuple(n // 16 for n in table.settings.hidden),
    )  # fmt: skip
    arms = [arm for arm in table.arms if arm.plan is None or not arm.name.endswith(str(RATIOS[-1]))]
    quick = [
        arm if arm.plan is None
        else replace(arm, plan=replace(arm.plan, interval=1, span=10, a=min(1, 8 * arm.plan.a), updates=30))
        for arm in arms
    ]  # fmt: skip
    return replace(table, settings=settings, arms=tuple(quick), total=4, retrain=1)
