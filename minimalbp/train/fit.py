"""Training by the papers' protocol: the dev set several times per epoch, the test set at its best score."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..errors import BadInput, check_int, short
from ..losses import SoftmaxCrossEntropy
from ..measure.meter import Meter
from ..network import Sequential
from ..optim import Optimizer, Schedule
from .augment import Augment
from .batches import Data, check_part, first
from .companion import Companion
from .history import History
from .loop import Run
from .pace import Pace


def fit(
    net: Sequential,
    data: Data,
    optimizer: Optimizer,
    *,
    epochs: int = 20,
    batch_size: int = 10,
    rng: int = 0,
    evals_per_epoch: int = 8,
    schedule: Schedule | None = None,
    k_schedule: str | None = None,
    augment: Augment | None = None,
    loss: SoftmaxCrossEntropy | None = None,
    companions: Iterable[Companion] = (),
    meter: Meter | None = None,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    threads: int | None = None,
    progress: str | None = None,
) -> History:
    """Train `net` on data.train, and evaluate it on data.dev several times per epoch.

    The test set is evaluated whenever the dev score is the best so far, so that the test score of the best record
    is the one to report.

    Parameters
    ----------
    net : Sequential
        The network; its parameters are updated in place.
    data : Dataset, TaggingData or ParsingData
        A data set with the parts train, dev and test (see `minimalbp.train.batches` for your own kind). Its
        examples are rows of arrays, for a tagger sentences, for a parser transitions.
    optimizer : Optimizer
        Made with the parameters of `net`.
    epochs : int, default 20
        Passes over the training part, in all: those before a resume count.
    batch_size : int, default 10
        Examples in a mini-batch; the last one of an epoch may be smaller.
    rng : int, default 0
        Seed of the order of the examples.
    evals_per_epoch : int, default 8
        Evaluations on the dev set per epoch, at most one per step. The authors' programs have 8 or 11.
    schedule : Schedule, optional
        How the learning rate changes over the steps of all epochs; by default it stays. A training whose schedule
        is not "constant" resumes with the epochs that it began with.
    k_schedule : str, optional
        When the layers that choose some of their units choose another number of them: ``"10%@2,5%@5"`` is 10 %
        after two epochs, 5 % after five, and at first what each has. Afterwards they have their selectors again.
    augment : Augment, optional
        What may happen to each picture of the training part, anew in each epoch. By default nothing does.
    loss : SoftmaxCrossEntropy, optional
        By default SoftmaxCrossEntropy(), the mean over a mini-batch.
    companions : list of Companion, default ()
        Objects that are told where the training stands, and may change the network or end the training, such as
        a Simplifier.
    meter : Meter, optional
        Adds up seconds, operations and bytes of all steps.
    checkpoint : str or Path, optional
        A file to which everything is written after each evaluation, whole or not at all.
    resume : bool, default False
        Go on from `checkpoint`, bit for bit as if the training had never stopped (same backend and threads).
    threads : int, optional
        Cores to use; by default all.
    progress : str, optional
        Label of a progress bar, shown on a terminal only; by default there is no bar.

    Returns
    -------
    History
        A Record for each evaluation.

    Raises
    ------
    BadInput
        For settings out of range, and where data, network, optimiser or checkpoint do not fit together.
    Diverged
        When the loss is no longer finite. The last checkpoint stays.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> data = mbp.load_dataset("digits")
    >>> net = mbp.mlp([64, 20, 10], select=mbp.TopK(5), backend="reference")
    >>> history = mbp.fit(net, data, mbp.Adam(net.parameters(), lr=0.01), epochs=2, evals_per_epoch=1)
    >>> [record.epoch for record in history.records]
    [1, 2]
    >>> history.best.test_accuracy > 0.8
    True
    """
    epochs = check_int("epochs", epochs, least=1)
    path = Path(checkpoint) if checkpoint else None
    if resume and path is None:
        raise BadInput("resume needs the checkpoint to go on from")
    run = prepare(
        net, data, optimizer, batch_size=batch_size, rng=rng, evals_per_epoch=evals_per_epoch, loss=loss,
        companions=companions, meter=meter, pace=Pace(epochs, schedule, k_schedule), augment=augment,
        resume_from=path if resume else None,
    )  # fmt: skip
    return run.train(epochs, checkpoint=path, threads=threads, progress=progress)


def prepare(
    net: Sequential,
    data: Data,
    optimizer: Optimizer,
    *,
    batch_size: int,
    rng: int,
    evals_per_epoch: int,
    loss: SoftmaxCrossEntropy | None = None,
    companions: Iterable[Companion] = (),
    meter: Meter | None = None,
    pace: Pace | None = None,
    augment: Augment | None = None,
    resume_from: Path | None = None,
) -> Run:
    """What `fit` trains, with these of its parameters: all is checked, and the checkpoint, if any, is loaded.

    Raises BadInput as `fit` does. Only a checkpoint that fits changes net, optimizer and meter.
    """
    check_fit(net, data, check_int("batch_size", batch_size, least=1))
    evals_per_epoch = check_int("evals_per_epoch", evals_per_epoch, least=1)
    if not isinstance(optimizer, Optimizer):
        raise BadInput(
            f"optimizer must be one such as Adam(net.parameters()), not {type(optimizer).__name__}"
        )
    if {id(p) for p in optimizer.params} - {id(p) for p in net.parameters()}:
        raise BadInput(
            "the optimiser has parameters that are not this network's; make it with net.parameters() of this one"
        )
    if not isinstance(augment, Augment | None):
        raise BadInput(
            f"augment must be an Augment, such as Augment(crop=4, flip=True), not {short(augment)}"
        )
    run = Run(
        net, data, optimizer, batch_size=batch_size, rng=rng, evals_per_epoch=evals_per_epoch,
        loss=loss or SoftmaxCrossEntropy(), companions=companions, meter=meter, pace=pace or Pace(),
        augment=augment,
    )  # fmt: skip
    if resume_from is not None:
        run.load(resume_from)
    return run


def check_fit(net: Sequential, data: Data, batch_size: int) -> None:
    """Raise BadInput unless `net` can be trained on `data` in mini-batches of that size."""
    for name in ("train", "dev", "test", "name", "n_classes"):
        if not hasattr(data, name):
            raise BadInput(
                f"data must be a data set, such as load_dataset('digits'); a {type(data).__name__} has no {name}"
            )
    n_classes, shape = data.n_classes, getattr(getattr(data.train, "x", None), "shape", (0,))[1:]
    check_part(data.train, "feed", f"{data.name} train", n_classes=n_classes, training=True)
    for name in ("dev", "test"):
        check_part(getattr(data, name), "score", f"{data.name} {name}", n_classes=n_classes, shape=shape)
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is for the loss to say
        outputs = net(*first(data.train, 1)).shape[1]
    if batch_size > len(data.train):
        n = len(data.train)
        raise BadInput(f"a batch of {batch_size} is larger than the {n} training examples; give 1 to {n}")
    if outputs < data.n_classes:
        raise BadInput(
            f"the network has {outputs} outputs but {data.name} has {data.n_classes} classes; "
            "give its last layer as many"
        )
