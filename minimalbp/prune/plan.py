"""What is pruned, how far, and how: the settings of a pruning."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import BadInput, check_float, check_int, short, unknown
from .groups import KINDS
from .rules import METHODS

SPAN = 80  # updates, as many as SPP needs
_OWN: Any = None  # made of other fields


@dataclass(frozen=True)
class PrunePlan:
    """How a network is pruned.

    Parameters
    ----------
    ratio : float or sequence of float, optional
        R, the share of the groups of each layer that leaves, in (0, 1); or one for each of `layers`. Either it or
        `speedup` is given.
    speedup : float, optional
        The theoretical speed-up of all convolutions together, above 1. All layers get the ratio that leads to it.
    method : str, default "spp"
        Which groups leave; the names of `minimalbp.prune.METHODS`.
    groups : {"columns", "filters", "channels"}, optional
        What leaves together; by default columns, or filters for the methods that are about them.
    layers : sequence of str, optional
        The paths of the layers that are pruned, such as ("0", "3"); by default all convolutions.
    linear : bool, default False
        Whether the columns of Linear layers are pruned too.
    interval : int, default 180
        t, the training steps from one update to the next.
    updates : int, default 200
        The most updates. What has not left by then leaves by rank.
    span : int, optional
        Over how many updates the groups leave, for methods without probabilities. By default 80, or all of fewer.
    a, u : float, default 0.05 and 0.25
        Of Delta, see `delta`.
    margin : float, optional
        How much more than R the zero crossing of Delta asks for, so that the last groups do not wait for ever. By
        default min(0.1, (1 - R) / 4). Never more groups leave than R asks.
    ranks : {"left", "all"}, default "left"
        Whether ranks, and the zero crossing, are those of the groups that are left, as in the authors' code, or of
        all groups, as the paper's formula says. The latter need not end by itself.
    backward : {"masked", "full"}, default "masked"
        The weights in dx: masked as in the forward pass, which makes the gradient exact, or all of them, as in the
        authors' code.
    decay : float, default 0.0005
        Weight decay while groups leave: each step takes lr times this share from the weights of the pruned layers.
    decay_masked : bool, default True
        Whether the weights of groups that are masked in a step decay too, as in the authors' code.
    rescale : bool, default True
        Whether at the end each group that is left is multiplied by 1 - p, as in the authors' code.
    strength : float, default 1.0
        Of the group lasso of the method "ssl".

    Raises
    ------
    BadInput
        For a value out of range, an unknown name, and unless one of ratio and speedup is given.

    References
    ----------
    Wang, Zhang, Wang and Hu (2018), arXiv 1709.06994v3.

    Examples
    --------
    >>> from minimalbp.prune import PrunePlan
    >>> PrunePlan(ratio=0.9).margin_of(0.9)
    0.025
    >>> PrunePlan(ratio=0.5, method="taylor").kind
    'filters'
    """

    ratio: float | tuple[float, ...] | None = None
    speedup: float | None = None
    method: str = "spp"
    groups: str | None = None
    layers: tuple[str, ...] | None = None
    linear: bool = False
    interval: int = 180
    updates: int = 200
    span: int = _OWN
    a: float = 0.05
    u: float = 0.25
    margin: float | None = None
    ranks: str = "left"
    backward: str = "masked"
    decay: float = 5e-4
    decay_masked: bool = True
    rescale: bool = True
    strength: float = 1.0

    def __post_init__(self) -> None:
        def put(name: str, value: Any) -> None:
            object.__setattr__(self, name, value)

        if (self.ratio is None) == (self.speedup is None):
            raise BadInput("give either ratio, such as 0.75, or speedup, such as 4")
        if self.ratio is not None:
            put("ratio", _ratios(self.ratio))
        else:
            put("speedup", check_float("speedup", self.speedup, 1, open_low=True))
        known: dict[str, Any] = {"method": METHODS, "ranks": ("left", "all"), "backward": ("masked", "full")}
        if self.groups is not None:
            known["groups"] = KINDS
        for name, names in known.items():
            if getattr(self, name) not in tuple(names):
                raise unknown(name, getattr(self, name), names)
        only = METHODS[self.method].only
        if only is not None and self.kind != only:
            raise BadInput(f"the method {self.method} prunes {only}, not {self.groups}; leave groups out")
        if self.linear and self.kind != "columns":
            raise BadInput(f"linear is for groups = columns, not {self.kind}; leave one of them out")
        if self.layers is not None:
            put("layers", _paths(self.layers))
            if self.linear:
                raise BadInput("linear is for all Linear layers; leave it out where layers are named")
        if isinstance(self.ratio, tuple) and (self.layers is None or len(self.ratio) != len(self.layers)):
            named = "none" if self.layers is None else ",".join(self.layers)
            raise BadInput(
                f"{len(self.ratio)} ratios need as many layers by name, not {named}; give layers, or one ratio"
            )
        for name in ("interval", "updates"):
            put(name, check_int(name, getattr(self, name), least=1))
        span = min(SPAN, self.updates) if self.span is _OWN else check_int("span", self.span, least=1)
        if span > self.updates:
            raise BadInput(f"span = {span} must be at most the {self.updates} updates; give a smaller one")
        put("span", span)
        put("a", check_float("a", self.a, 0, 1, open_low=True))
        put("u", _inside("u", self.u))
        if self.updates < METHODS[self.method].least_updates:
            raise BadInput(
                f"the method {self.method} needs {METHODS[self.method].least_updates} updates or more"
            )
        if self.margin is not None:
            put("margin", check_float("margin", self.margin, 0, 1))
            if self.ranks == "all":
                raise BadInput("ranks = all asks for R as the formula says, and has no margin; leave one out")
        put("decay", check_float("decay", self.decay, 0, 1))
        put("strength", check_float("strength", self.strength, 0))
        for name in ("linear", "decay_masked", "rescale"):
            if not isinstance(getattr(self, name), bool):
                raise BadInput(f"{name} must be true or false, not {short(getattr(self, name))}")

    def check_used(self, names: Iterable[str]) -> None:
        """Raise BadInput where one of these settings, which somebody gave, says nothing to the method."""
        for name in names:
            users = [rule.name for rule in METHODS.values() if name in rule.options]
            if users and self.method not in users:
                raise BadInput(
                    f"{name} is for the methods {', '.join(users)}; leave it out with {self.method}"
                )

    @property
    def kind(self) -> str:
        """What leaves together."""
        return self.groups or METHODS[self.method].only or "columns"

    def margin_of(self, ratio: float) -> float:
        """The margin for a layer of which the share `ratio` leaves."""
        return min(0.1, round((1 - ratio) / 4, 10)) if self.margin is None else self.margin

    def as_json(self) -> dict[str, Any]:
        """The settings as run.json keeps them."""
        lists = {
            name: list(value)
            for name in ("layers", "ratio")
            if isinstance(value := getattr(self, name), tuple)
        }
        return asdict(self) | lists

    @classmethod
    def from_json(cls, plan: Any) -> PrunePlan:
        """The plan that run.json holds. Raises BadInput for one that this version does not have."""
        if not isinstance(plan, dict):
            raise BadInput(f"it is {short(plan)}")
        try:
            return cls(**plan)
        except TypeError as e:
            raise BadInput(str(e)) from None


def _ratios(value: Any) -> float | tuple[float, ...]:
    """One ratio, or one for each layer, from a list or from "0.5,0.9"."""
    if isinstance(value, str):
        parts = value.split(",")
        try:
            value = [float(part) for part in parts] if len(parts) > 1 else float(value)
        except ValueError:
            raise BadInput(f'ratio must be a number such as 0.9, or "0.5,0.9", not {short(value)}') from None
    if isinstance(value, (list, tuple)):
        return tuple(_inside("each ratio", one) for one in value)
    return _inside("ratio", value)


def _inside(name: str, value: Any) -> float:
    """A number between 0 and 1, neither of them."""
    try:
        found = check_float(name, value, 0, 1, open_low=True)
    except BadInput:
        found = 1.0
    if found == 1:
        raise BadInput(f"{name} must be a number between 0 and 1, such as 0.5, not {short(value)}")
    return found


def _paths(value: Any) -> tuple[str, ...]:
    """Paths of layers, from a list or from "0,3"."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, (list, tuple)) or not parts:
        raise BadInput(f'layers must be paths such as "0,3", not {short(value)}')
    found = tuple(str(part).strip() for part in parts)
    for path in found:
        if not re.fullmatch(r"\d+(\.\d+)*", path):
            raise BadInput(f'layers must be paths such as "0,3", not {short(value)}')
        if found.count(path) > 1:
            raise BadInput(f"layers names {path} more than once in {','.join(found)}; name each layer once")
    return found
