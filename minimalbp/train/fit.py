"""Training by the papers' protocol: the dev set several times per epoch, the test set at its best score."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack, nullcontext
from pathlib import Path

import numpy as np

from ..data import Dataset, check_dataset
from ..errors import BadInput, check_int, short
from ..losses import SoftmaxCrossEntropy
from ..measure.meter import Meter
from ..network import Sequential
from ..optim import Optimizer
from ..seeds import Streams
from .batches import Data
from .companion import Companion
from .history import History, Record
from .loop import Run
from .progress import Progress

Callback = Callable[[Record], "bool | None"]


def check_fit(net: Sequential, data: Data, batch_size: int) -> None:
    """Raise BadInput unless `net` can be trained on `data` in mini-batches of that size."""
    if not hasattr(data, "train"):
        raise BadInput(f"data must be a data set, such as load_dataset('digits'), not {short(data)}")
    if isinstance(data, Dataset):  # others were checked when they were made
        check_dataset(data)
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is for the loss to say
        outputs = net(*data.train.first(1)).shape[1]
    if batch_size > len(data.train):
        n = len(data.train)
        raise BadInput(f"a batch of {batch_size} is larger than the {n} training examples; give 1 to {n}")
    if outputs < data.n_classes:
        raise BadInput(
            f"the network has {outputs} outputs but {data.name} has {data.n_classes} classes; "
            "give its last layer as many"
        )


def fit(
    net: Sequential,
    data: Data,
    optimizer: Optimizer,
    *,
    epochs: int = 20,
    batch_size: int = 10,
    rng: int = 0,
    evals_per_epoch: int = 8,
    loss: SoftmaxCrossEntropy | None = None,
    callbacks: Iterable[Callback] = (),
    meter: Meter | None = None,
    companion: Companion | None = None,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    threads: int | None = None,
    progress: str | None = None,
) -> History:
    """Train `net` on data.train; the records of every look at data.dev, test scores at its best.

    data: a Dataset, or a task's own (TaggingData, ParsingData), whose examples, which batch_size counts, are
    sentences or transitions. loss: by default SoftmaxCrossEntropy(), a mean. meter: what adds up seconds,
    operations and bytes of the steps. threads: cores to use, None: all. rng: seed of the order of examples.
    evals_per_epoch: looks at the dev set per epoch (the authors: 8 or 11). callbacks: called with each Record; one
    that returns True ends the training. companion: what changes the network between two looks, such as a
    Simplifier. checkpoint: a file written whole after each look; with `resume` the run goes on from it, bit for bit
    as if never stopped (same backend and threads). progress: the label of a progress bar, shown on a terminal only;
    None: no bar.

    Raises BadInput for settings out of range or a checkpoint that does not fit, Diverged for a loss that is no
    longer finite; the last checkpoint then stays.
    """
    epochs, batch_size = check_int("epochs", epochs, least=1), check_int("batch_size", batch_size, least=1)
    evals_per_epoch = check_int("evals_per_epoch", evals_per_epoch, least=1)
    check_fit(net, data, batch_size)
    if {id(p) for p in optimizer.params} - {id(p) for p in net.parameters()}:
        raise BadInput(
            "the optimiser has parameters that are not this network's; make it with net.parameters() of this one"
        )
    loss = (loss or SoftmaxCrossEntropy()).bind(net.be, net.dtype)
    run = Run(net, data, optimizer, loss, batch_size, evals_per_epoch, Streams(rng), meter, companion)
    path = Path(checkpoint) if checkpoint else None
    if resume:
        if path is None:
            raise BadInput("resume needs the checkpoint to go on from")
        run.load(path)
    callbacks = list(callbacks)
    with ExitStack() as stack:
        stack.enter_context(net.be.threads(threads))
        stack.enter_context(np.errstate(over="ignore", invalid="ignore"))  # the loss is watched instead
        stack.enter_context(meter.attached(net, loss, optimizer) if meter else nullcontext())
        bar = stack.enter_context(Progress(progress, total=epochs * run.steps, start=run.done))
        while run.done < epochs * run.steps:
            record = run.part(bar, path)
            stop = [callback(record) for callback in callbacks]
            if path is not None:  # after the callbacks: what they keep is never older than the checkpoint
                run.save(path)
            if any(stop):
                break
    return run.history


def check_resume(
    net: Sequential,
    data: Data,
    optimizer: Optimizer,
    checkpoint: str | Path,
    *,
    batch_size: int,
    rng: int,
    evals_per_epoch: int,
    companion: Companion | None = None,
) -> None:
    """Raise BadInput unless `fit` with these settings can go on from the checkpoint. Changes net and optimizer."""
    loss = SoftmaxCrossEntropy().bind(net.be, net.dtype)
    run = Run(net, data, optimizer, loss, batch_size, evals_per_epoch, Streams(rng), None, companion)
    run.load(Path(checkpoint))
