"""What `minimalbp cost` measures, planned and checked, so that bad input is refused before anything is timed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..backend import check_threads
from ..errors import BadInput, unknown
from ..measure.machine import machine
from ..optim import ROWS
from ..train.progress import Progress
from .ceilings import ceilings
from .checks import check_seconds, check_selects, resolve_ks
from .conv import OurConv, units_of
from .layer import SELECTORS, measure_layer, ticks
from .problem import (
    Pictures,
    Problem,
    check_pictures,
    check_shape,
    load_problem,
    random_pictures,
    random_problem,
)
from .sparse import check_sparse, measure_sparse, sparse_ticks
from .step import measure_step, step_ticks


@dataclass(frozen=True)
class _Job:
    """One entry of "results" to come: `measure` makes it, and calls its option `tick` so many times."""

    measure: Callable[..., dict[str, Any]]
    ticks: int


@dataclass(frozen=True)
class CostPlan:
    """Measurements that can be made, as `plan_layers` and `plan_steps` return them.

    Parameters
    ----------
    phase : str
        "backward" of layers, "passes" of sparse layers, or "step" of networks.
    seconds : float
        Of measuring, for each point.
    jobs : tuple
        One for each entry of "results".

    Examples
    --------
    >>> from minimalbp.cost import plan_layers
    >>> plan = plan_layers([(64, 500, 500)], ks=[0.05, 50], selects=["unified"])
    >>> plan.phase, len(plan.jobs)
    ('backward', 1)
    """

    phase: str
    seconds: float
    jobs: tuple[_Job, ...]

    def measure(self, *, threads: int | None = None, progress: bool = False) -> dict[str, Any]:
        """Measure on so many cores, by default all, and return the report that cost.json holds.

        Raises BadInput for threads out of range.
        """
        threads = check_threads(threads)
        limits = ceilings(threads)
        report = {"machine": machine(), "threads": threads, "phase": self.phase, "ceilings": limits}
        options: dict[str, Any] = {"threads": threads, "seconds": self.seconds}
        if self.phase == "backward":
            options["limits"] = limits
        with Progress("cost" if progress else None, total=sum(job.ticks for job in self.jobs)) as bar:
            results = [job.measure(**options, tick=bar.advance) for job in self.jobs]
        return report | {"results": results}


def plan_layers(
    shapes: Iterable[Sequence[int]] = (),
    *,
    ks: Sequence[int | float],
    problems: Iterable[str | Path] = (),
    selects: Sequence[str] = ("topk", "unified"),
    seconds: float = 0.3,
) -> CostPlan:
    """Plan to measure the backward pass of linear layers against k, beside the best dense code.

    Parameters
    ----------
    shapes : iterable of (batch, n_in, n_out)
        Layers with random inputs, weights and gradients.
    ks : sequence of int or float
        Units that get a gradient: 25, or a share such as 0.05.
    problems : iterable of path
        Layers of your own: .npz files with x (batch, n_in), w (n_out, n_in) and dy (batch, n_out).
    selects : sequence of str, default ("topk", "unified")
        Of "topk", "unified", "random".
    seconds : float, default 0.3
        Of measuring, for each point.

    Returns
    -------
    CostPlan

    Raises
    ------
    BadInput
        For layers that do not fit into memory, a k above the units of a layer, unknown names, and files that do
        not hold a layer.

    Examples
    --------
    >>> from minimalbp.cost import plan_layers
    >>> plan = plan_layers([(64, 500, 500)], ks=[0.05, 50])
    >>> len(plan.jobs)  # plan.measure() takes some seconds for each
    2
    """
    seconds, selects = check_seconds(seconds), check_selects(selects, SELECTORS)
    layers: list[tuple[tuple[int, int, int], Callable[[], Problem], dict[str, str]]] = []
    for path in problems:
        layers.append((load_problem(path).shape, partial(load_problem, path), {"problem": Path(path).name}))
    for shape in map(check_shape, shapes):
        layers.append((shape, partial(random_problem, *shape), {}))
    jobs = []
    for shape, make, more in layers:
        sweep = resolve_ks(ks, shape[2])
        jobs += [
            _Job(partial(_layer, make, select, sweep, more), ticks(sweep, seconds)) for select in selects
        ]
    return CostPlan("backward", seconds, tuple(jobs))


def plan_convs(
    shapes: Iterable[Sequence[int]],
    *,
    ks: Sequence[int | float],
    selects: Sequence[str] = ("topk", "threshold-batch", "positions"),
    seconds: float = 0.3,
) -> CostPlan:
    """Plan to measure the backward pass of convolutions against k, beside PyTorch's.

    Parameters
    ----------
    shapes : iterable of (batch, channels, height, width, filters, kernel)
        Convolutions that keep the size of their pictures, with random inputs, weights and gradients.
    ks : sequence of int or float
        Entries of each picture's gradient that are kept, or positions, or filters: a number, or a share like 0.05.
    selects : sequence of str, default ("topk", "threshold-batch", "positions")
        Of "topk" (or "sample"), "batch", "unified", "random", "systematic", "systematic-batch", "threshold",
        "threshold-batch", "positions" and "channels".
    seconds : float, default 0.3
        Of measuring, for each point.

    Returns
    -------
    CostPlan

    Raises
    ------
    BadInput
        For layers that do not fit into memory, an even kernel, a k above what there is, and unknown names.

    Examples
    --------
    >>> from minimalbp.cost import plan_convs
    >>> plan = plan_convs([(32, 32, 14, 14, 64, 5)], ks=[0.05])
    >>> len(plan.jobs)
    3
    """
    seconds, selects = check_seconds(seconds), check_selects(selects, OurConv.selectors)
    jobs = []
    for shape in map(check_pictures, shapes):
        for select in selects:
            sweep = resolve_ks(ks, units_of(shape, select))
            measure = partial(_layer, partial(random_pictures, *shape), select, sweep, {"layer": "conv"})
            jobs.append(_Job(measure, ticks(sweep, seconds, OurConv)))
    return CostPlan("backward", seconds, tuple(jobs))


def plan_sparse(shapes: Iterable[Sequence[int]], *, seconds: float = 0.3) -> CostPlan:
    """Plan to measure both passes of sparse layers beside dense and other sparse code.

    Of each shape there are a layer of Kronecker blocks, where the numbers allow one, and a random regular one.

    Parameters
    ----------
    shapes : iterable of (batch, n, fan_in)
        Layers of n inputs and n outputs, each of which reads fan_in inputs.
    seconds : float, default 0.3
        Of measuring, for each kind of code.

    Returns
    -------
    CostPlan

    Raises
    ------
    BadInput
        For a fan-in above n, and layers that do not fit into memory.

    Examples
    --------
    >>> from minimalbp.cost import plan_sparse
    >>> plan_sparse([(64, 1024, 32)]).phase
    'passes'
    """
    seconds = check_seconds(seconds)
    checked = [check_sparse(shape) for shape in shapes]
    jobs = (_Job(partial(measure_sparse, shape), sparse_ticks(seconds)) for shape in checked)
    return CostPlan("passes", seconds, tuple(jobs))


def plan_steps(
    sizes: Sequence[int],
    batches: Sequence[int],
    *,
    ks: Sequence[int | float],
    selects: Sequence[str] = ("topk", "unified"),
    rows: str = "chosen",
    seconds: float = 0.3,
) -> CostPlan:
    """Plan to measure the whole training step of a network against k.

    Parameters
    ----------
    sizes : sequence of int
        Inputs, hidden layers, outputs.
    batches : sequence of int
        Sizes of mini-batches.
    ks : sequence of int or float
        Units of the widest hidden layer that get a gradient: 25, or a share such as 0.05.
    selects : sequence of str, default ("topk", "unified")
        Of "topk", "unified", "random".
    rows : {"chosen", "all"}, default "chosen"
        The rows that Adam updates, but for the dense network's: those are all.
    seconds : float, default 0.3
        Of measuring, for each point.

    Returns
    -------
    CostPlan

    Raises
    ------
    BadInput
        For a network without a hidden layer or too large for the memory, k above its units, and unknown names.

    Examples
    --------
    >>> from minimalbp.cost import plan_steps
    >>> plan_steps([784, 500, 500, 10], [1, 10], ks=[25], selects=["topk"]).phase
    'step'
    """
    seconds, selects = check_seconds(seconds), check_selects(selects, SELECTORS)
    if rows not in ROWS:
        raise unknown("rows", rows, ROWS)
    if len(sizes) < 3:
        raise BadInput(
            f"network must have a hidden layer, such as 784,500,10, not {','.join(map(str, sizes))}"
        )
    if not batches:
        raise BadInput("batches must hold at least one size of a mini-batch, such as 10")
    for n_in, n_out in pairwise(sizes):
        for batch in batches:
            check_shape((batch, n_in, n_out))
    sweep = resolve_ks(ks, max(sizes[1:-1]))
    return CostPlan("step", seconds, tuple(
        _Job(partial(measure_step, sizes, batch, select, sweep, rows=rows), step_ticks(sweep, seconds))
        for batch in batches for select in selects
    ))  # fmt: skip


def _layer(
    make: Callable[[], Problem | Pictures], select: str, ks: list[int], more: dict[str, str], **options: Any
) -> dict[str, Any]:
    """The arrays are made when their turn comes, because all large ones together may not fit into memory."""
    return measure_layer(make(), select, ks, **options) | more
