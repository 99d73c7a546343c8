"""Rules that choose entries of a convolution's gradient, as arms on MNIST and CIFAR-10: settings of a training."""

from __future__ import annotations

from typing import Any

from meprop.arms import BASE, Arm, Table

from minimalbp import Settings

CIFAR = "cifar10-jpeg"  # what `pictures.named` puts the path of the pictures for
DENSE, FIVE = "dense", "5%"
SHARES = ("20%", "10%", FIVE, "2%", "1%")
PAPER = ("sample", "off")
BEST = ("threshold-batch", "forward")  # of docs/results/centring.md
BETWEEN = ("sample", "batch", "systematic")  # with centring; batch: a budget for all; systematic: no bias
# Beside the paper's rule at 5 %: controls, and coarser and finer choices.
CONTROLS = (
    "sample",
    "random",
    "random-scaled",
    "bottom",
    "batch",
    "unified",
    "positions",
    "channels",
    "systematic",
)

# Written out in full, as BASE is. Networks of half the width see part of the pictures: a table takes 10 to 25
# minutes on two idle cores.
LENET = BASE.changed(
    data="mnist[:10000]", model="lenet", filters=(16, 32), hidden=(256,), batchnorm=False, cut="after", k=FIVE,
    epochs=4, batch=32, evals=1, augment=None, schedule="constant",
)  # fmt: skip
CONVNET = LENET.changed(data=f"{CIFAR}[:20000]", model="convnet", filters=(16, 16, 32), hidden=(), batch=64)
FULL_LENET = LENET.changed(data="mnist", filters=(32, 64), hidden=(512,), epochs=8, schedule="cosine")
FULL_CONVNET = CONVNET.changed(
    data=CIFAR, filters=(32, 32, 64), batchnorm=True, augment="crop4,flip", epochs=20, schedule="cosine"
)
AIMS = {"LeNet: dense": 0.991, "ConvNet: dense": 0.75}  # of the table "full", after the last step


def rule(
    base: Settings, select: str, center: str = "off", k: str = FIVE, prefix: str = "", **more: Any
) -> Arm:
    """An arm that is compared with the dense one of the same prefix."""
    words = [select, k, *([] if center == "off" else [center]), *(f"{name} {v}" for name, v in more.items())]
    changes = {"select": select, "k": k, "center": center, **more}
    changes = {key: value for key, value in changes.items() if value != getattr(base, key)}
    return Arm(prefix + " ".join(words), changes, prefix + DENSE, base=base)


def dense(base: Settings, prefix: str = "") -> Arm:
    return Arm(prefix + DENSE, {}, base=base)


def shares(title: str, base: Settings) -> Table:
    """Dense, the paper's rule and the best rule at falling shares; at 5 % also what lies between the two."""
    arms = [dense(base), Arm("dense, forward", {"center": "forward"}, DENSE, base=base)]
    for k in SHARES:
        arms.append(rule(base, *PAPER, k))
        arms += [rule(base, select, BEST[1], k) for select in (BETWEEN if k == FIVE else ())]
        arms.append(rule(base, *BEST, k))
    return Table(title, tuple(arms), base.epochs)


def controls(title: str, base: Settings) -> Table:
    """What is chosen at 5 %; with batch normalisation also where the gradient is cut."""
    arms = [dense(base), *(rule(base, select) for select in CONTROLS)]
    if base.batchnorm:
        arms.append(rule(base, "sample", cut="before"))
    return Table(title, tuple(arms), base.epochs)


def full() -> Table:
    """Both networks at full size, once."""
    arms: list[Arm] = []
    for prefix, base in (("LeNet: ", FULL_LENET), ("ConvNet: ", FULL_CONVNET)):
        arms += [dense(base, prefix), *(rule(base, *of, prefix=prefix) for of in (PAPER, BEST))]
    return Table("full size", tuple(arms), FULL_LENET.epochs)


def overfitting(title: str, **more: Any) -> Table:
    """Few pictures, many epochs: dense against 5 %."""
    arms: list[Arm] = []
    for name, base, data in (("LeNet", LENET, "mnist"), ("ConvNet", CONVNET, CIFAR)):
        for n in (1000, 5000):
            few, prefix = base.changed(data=f"{data}[:{n}]", epochs=20, batch=32, **more), f"{name}, {n:,}: "
            arms += [dense(few, prefix), *(rule(few, *of, prefix=prefix) for of in (PAPER, BEST))]
    return Table(title, tuple(arms), 20)


def both(name: str, title: str, base: Settings, make: Any) -> dict[str, Table]:
    """A table, and the same with batch normalisation."""
    return {
        name: make(title, base),
        f"{name}-bn": make(f"{title}, batch normalisation", base.changed(batchnorm=True)),
    }


OVERFITTING = {
    "overfitting": overfitting("few pictures, 20 epochs"),
    "overfitting-bn": overfitting("few pictures, 20 epochs, batch normalisation", batchnorm=True),
}
TABLES = {
    **both("mnist", "LeNet, 10,000 pictures of MNIST", LENET, shares),
    **both("cifar", "ConvNet, 20,000 pictures of CIFAR-10", CONVNET, shares),
    **both("controls", "LeNet, 10,000 pictures of MNIST: what is chosen at 5 %", LENET, controls),
    **both(
        "controls-cifar", "ConvNet, 20,000 pictures of CIFAR-10: what is chosen at 5 %", CONVNET, controls
    ),
    "full": full(),
    **OVERFITTING,
}


def smaller(settings: Settings) -> Settings:
    """The same arm for a smoke test: digits, an epoch, few filters and units."""
    narrow = {
        "filters": tuple(n // 8 for n in settings.filters),
        "hidden": tuple(n // 16 for n in settings.hidden),
    }
    augment = None if settings.augment is None else "crop1,flip"
    return settings.changed(data="digits", epochs=1, batch=100, augment=augment, **narrow)
