"""The companion of a training that prunes: masks for each step, updates now and then, a retraining at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..backend import Array
from ..errors import BadInput, check_int, short
from ..layers import Conv2d, Layer, Linear
from ..network import Sequential
from ..optim import Optimizer
from ..seeds import Streams
from ..train.companion import Companion, State
from ..train.history import History, Record
from .groups import Groups, groups_of
from .layer import ARRAYS, PrunedLayer, check_targets
from .plan import PrunePlan
from .rules import METHODS
from .speed import speedup
from .theory import ratio_for


class Pruner(Companion):
    """A companion of `fit` that prunes a trained network and trains what is left.

    Every `interval` steps the rule of the plan moves pruning probabilities, or removes groups. In each step a group
    with the probability p is masked with that chance: its weights are zero in the forward and the backward pass,
    and stay as they are in the update. When all layers have reached their ratio, or the whole network its speed-up,
    the groups that are left stay, and the training goes on without draws. Removed groups stay zero.

    An evaluation sees all groups that have not left; the authors draw masks there too. Groups whose weights are all
    zero before the first step have left already. An exception in the middle of a step, such as Ctrl-C, leaves the
    network masked: go on from the checkpoint.

    Parameters
    ----------
    plan : PrunePlan
    seed : int, default 0
        Of the masks.
    retrain : int, optional
        Steps after the last removal. The training ends at the first evaluation that follows them. By default it
        does not end by itself.
    on_settled : callable, optional
        Called when the last group has left. It returns scores of the network before it is retrained.

    Attributes
    ----------
    layers : list of PrunedLayer
    updates : int
        Updates so far.
    settled : int or None
        The steps that were done when the last group left.
    scores : dict of str to float
        What `on_settled` returned.
    remainder : list of int
        How many groups of each layer left by rank, because the updates had come to their limit.
    trajectories : list of list of array
        For each layer the probabilities after each update until it is done, float32 (n,).

    Raises
    ------
    BadInput
        When `fit` begins, for a network without the layers of the plan, and for a layer with too few groups.

    References
    ----------
    Wang, Zhang, Wang and Hu (2018), "Structured Probabilistic Pruning for Convolutional Neural Network
    Acceleration", arXiv 1709.06994v3, Algorithm 1.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> from minimalbp.prune import PrunePlan, Pruner
    >>> data = mbp.load_dataset("digits")
    >>> net = mbp.lenet((8, 8), 10, filters=(4, 6), units=(20,), backend="reference")
    >>> pruner = Pruner(PrunePlan(ratio=0.5, method="columns-l1", interval=1, span=10))
    >>> history = mbp.fit(net, data, mbp.Adam(net.parameters()), epochs=1, batch_size=100, companions=[pruner])
    >>> [(layer.pruned, layer.n) for layer in pruner.layers], pruner.settled
    ([(13, 25), (50, 100)], 9)
    """

    def __init__(
        self,
        plan: PrunePlan,
        seed: int = 0,
        retrain: int | None = None,
        on_settled: Callable[[], dict[str, float]] | None = None,
    ):
        if not isinstance(plan, PrunePlan):
            raise BadInput(f"plan must be a PrunePlan, such as PrunePlan(ratio=0.9), not {short(plan)}")
        self.plan, self.seed, self.on_settled = plan, check_int("seed", seed), on_settled
        self.retrain = None if retrain is None else check_int("retrain", retrain)

    def begin(self, net: Sequential, optimizer: Optimizer, parts: int) -> None:
        self.net, self.optimizer = net, optimizer
        groups = groups_of(net, self.plan.kind, self._wanted(net))
        if not groups:
            raise BadInput(
                "the network has no convolutions to prune; take the model lenet or convnet, or give linear for the "
                "columns of its Linear layers"
            )
        self.layers = [PrunedLayer(one, ratio) for one, ratio in zip(groups, self._ratios(groups))]
        goal = None if self.plan.speedup is None else f"speedup = {self.plan.speedup:g}"
        check_targets(self.layers, self.plan.kind, goal)
        streams = Streams(self.seed)
        self.rngs = [streams.generator("prune", *one.groups.layer.path, 0) for one in self.layers]
        self.rules = [
            METHODS[self.plan.method](self.plan, one, streams.generator("prune", *one.groups.layer.path, 1))
            for one in self.layers
        ]
        self.step, self.updates, self.remainder = 0, 0, [0] * len(self.layers)
        self.settled: int | None = None
        self.scores: dict[str, float] = {}
        self.masks = [np.ones(one.n, bool) for one in self.layers]
        self.trajectories: list[list[Array]] = [[] for _ in self.layers]

    def _ratios(self, groups: list[Groups]) -> list[float]:
        """The ratio of each layer."""
        plan = self.plan
        if isinstance(plan.ratio, tuple):
            assert plan.layers is not None
            return [plan.ratio[plan.layers.index(one.name)] for one in groups]
        if plan.ratio is not None:
            return [plan.ratio] * len(groups)
        assert plan.speedup is not None
        if not any(isinstance(one.layer, Conv2d) for one in groups):
            raise BadInput("speedup is about convolutions, of which none is pruned; give ratio instead")
        return [ratio_for(plan.speedup, self.net, groups)] * len(
            groups
        )  # the data were checked by a forward pass

    def _wanted(self, net: Sequential) -> Callable[[Layer], bool]:
        plan = self.plan
        if plan.layers is None:
            return lambda layer: isinstance(layer, (Conv2d, Linear) if plan.linear else Conv2d)
        paths = {".".join(map(str, la.path)): la for la in net.layers() if isinstance(la, (Conv2d, Linear))}
        for path in plan.layers:
            if path not in paths:
                raise BadInput(
                    f"there is no layer {path} with weights to prune; the network has {', '.join(paths) or 'none'}"
                )
        chosen = [paths[path] for path in plan.layers]
        return lambda layer: any(layer is one for one in chosen)

    def before_part(self, part: int, history: History) -> None:
        self.history = history

    def before_step(self) -> None:
        if self.settled is None and self.step % self.plan.interval == 0:
            self._update()
        self.step += 1
        if self.settled is None:
            self.masks = [rng.random(one.n) >= one.p for one, rng in zip(self.layers, self.rngs)]
            for one, mask in zip(self.layers, self.masks):
                one.groups.mask(mask)
        else:
            self.masks = [~one.gone for one in self.layers]

    def before_backward(self) -> None:
        if self.settled is None and self.plan.backward == "full":
            for one in self.layers:
                one.groups.unmask()
                if isinstance(one.groups.layer, Conv2d):
                    one.groups.layer.read_weights()

    def observe(self) -> None:
        rate = self.optimizer.lr * self.optimizer.factor
        for one, rule, mask in zip(self.layers, self.rules, self.masks):
            if self.settled is None:
                one.groups.unmask()
                if self.plan.decay:
                    spared = ~mask & (not self.plan.decay_masked)
                    one.groups.scale_weights(np.where(spared, 1.0, 1 - rate * self.plan.decay))
                rule.observe(rate)
            one.groups.mask_gradients(mask, self.optimizer)

    def after_part(self, record: Record) -> bool:
        return self.ended()

    def ended(self) -> bool:
        return (
            self.settled is not None and self.retrain is not None and self.step >= self.settled + self.retrain
        )

    def _update(self) -> None:
        """Move the probabilities of every layer that is not done, and settle when all are."""
        self.updates += 1
        if self.updates == 1:  # not before: a network is often built, and gets its weights later
            for one in self.layers:
                one.start()
        last = self.updates == self.plan.updates
        for i, (one, rule) in enumerate(zip(self.layers, self.rules)):
            unfinished = one.wanted > 0
            if unfinished:
                one.remove(rule.update(self.updates))
            if last and one.wanted:
                self.remainder[i] = one.wanted
                order = np.lexsort((rule.score(), -one.p))  # of equal probabilities the weakest first
                one.remove(order[~one.gone[order]][: one.wanted])
            if unfinished or self.updates == 1:
                self.trajectories[i].append(one.p.astype(np.float32))
        fast = self.plan.speedup is not None and speedup(self.net) >= self.plan.speedup
        for one in self.layers:
            if fast or not one.wanted:
                one.settle(rescale=self.plan.rescale)
        if fast or not any(one.wanted for one in self.layers):
            self._settle()

    def _settle(self) -> None:
        self.settled = self.step
        self.history.begins = len(self.history.records)  # the best evaluation is one of the pruned network
        if self.on_settled is not None:
            self.scores = self.on_settled()

    def status(self) -> str:
        """The share of the groups of each layer that left."""
        return "pruned " + " ".join(f"{one.name}:{one.pruned / one.n:.0%}" for one in self.layers)

    def widths(self) -> list[int]:
        """The groups that are left in each layer."""
        return [one.n - one.pruned for one in self.layers]

    def settings(self) -> dict[str, Any]:
        return {"prune": self.plan.as_json() | {"seed": self.seed, "retrain": self.retrain}}

    def state(self) -> State:
        arrays: dict[str, Array] = {}
        for i, (one, rule) in enumerate(zip(self.layers, self.rules)):
            arrays |= {f"{name}/{i}": getattr(one, name) for name in ARRAYS}
            arrays |= {f"rule/{name}/{i}": a for name, a in rule.arrays().items()}
            arrays[f"trajectory/{i}"] = np.array(self.trajectories[i], np.float32).reshape(-1, one.n)
        return {
            "step": self.step, "updates": self.updates, "settled": self.settled, "remainder": self.remainder,
            "scores": self.scores,
            "rngs": [rng.bit_generator.state for rng in self.rngs],
        }, arrays  # fmt: skip

    def restore(self, state: dict[str, Any], arrays: dict[str, Array]) -> None:
        for i, (one, rule) in enumerate(zip(self.layers, self.rules)):
            for name in ARRAYS:
                setattr(one, name, arrays[f"{name}/{i}"].copy())
            for name, a in rule.arrays().items():
                a[...] = arrays[f"rule/{name}/{i}"]
            self.trajectories[i] = list(arrays[f"trajectory/{i}"])
            self.rngs[i].bit_generator.state = state["rngs"][i]
        self.step, self.updates = state["step"], state["updates"]
        self.settled, self.remainder = state["settled"], list(state["remainder"])
        self.scores = dict(state["scores"])
