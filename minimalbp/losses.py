"""The loss at the end of a network."""

from __future__ import annotations

from typing import Any

import numpy as np

from .backend import DTYPES, Array, Backend, Buffers, get_backend
from .errors import BadInput, unknown


class SoftmaxCrossEntropy:
    """Softmax with cross-entropy over integer labels.

    Inside a training the loss is bound to the backend of the network, and `fit` has checked what it gets. By itself
    it checks its arrays and computes with the reference kernels.

    Parameters
    ----------
    reduction : {"mean", "sum"}, default "mean"
        How the losses of a batch become one number. "sum" is what the authors' later C# code does: neither the
        loss nor its gradient is divided by the batch size.

    Raises
    ------
    BadInput
        When `reduction` is neither of the two.

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> loss = mbp.SoftmaxCrossEntropy()
    >>> round(loss.forward(np.zeros((2, 4)), np.array([3, 0])), 4)
    1.3863
    >>> loss.backward()
    array([[ 0.125,  0.125,  0.125, -0.375],
           [-0.375,  0.125,  0.125,  0.125]])
    """

    _buf: Buffers | None = None
    _dlogits: Array | None = None

    def __init__(self, reduction: str = "mean"):
        if reduction not in ("mean", "sum"):
            raise unknown("reduction", reduction, ("mean", "sum"))
        self.reduction = reduction

    def bind(self, be: Backend, dtype: str) -> SoftmaxCrossEntropy:
        """Give the loss a backend and memory of its own; returns the loss. From then on it checks nothing."""
        self.be, self._buf = be, Buffers(be, dtype)
        return self

    def forward(self, logits: Array, labels: Array) -> float:
        """The loss of a batch: logits (batch, n_classes), labels (batch,).

        Bound, it takes labels in int32. Unbound, it takes any whole numbers, and logits in float32 or float64;
        raises BadInput where the shapes do not fit or a label is no class.
        """
        if self._buf is None:
            return self._forward_unbound(logits, labels)
        batch = len(logits)
        losses = self._buf.get("losses", (batch,))
        self._dlogits = self._buf.get("dlogits", logits.shape)
        factor = 1 / batch if self.reduction == "mean" else 1.0
        self.be.loss.softmax_cross_entropy(losses, self._dlogits, logits, labels, factor)
        total: float = sum(
            self.be.get(losses).tolist()
        )  # float64; NumPy takes ten times as long for a few numbers
        return total * factor

    def backward(self) -> Array:
        """The gradient of the last forward with respect to its logits, (batch, n_classes)."""
        if self._dlogits is None:
            raise BadInput("the loss has no gradient yet: call forward before backward")
        return self._dlogits

    def _forward_unbound(self, logits: Any, labels: Any) -> float:
        logits, labels = _checked(logits, labels)
        bound = SoftmaxCrossEntropy(self.reduction).bind(get_backend("reference"), logits.dtype.name)
        value = bound.forward(logits, labels)
        self._dlogits = bound.backward()
        return value


def _checked(logits: Any, labels: Any) -> tuple[Array, Array]:
    """Both as the kernels want them. Raises BadInput where they cannot be."""
    logits, labels = np.ascontiguousarray(logits), np.asarray(labels)
    if logits.dtype.name not in DTYPES:
        raise BadInput(f"logits must be {' or '.join(DTYPES)}, not {logits.dtype}; convert them with astype")
    if logits.ndim != 2 or not logits.size:
        raise BadInput(f"logits must be (batch, n_classes), both at least 1, not of shape {logits.shape}")
    batch, n_classes = logits.shape
    if labels.dtype.kind not in "iu":
        raise BadInput(f"labels must be whole numbers, the numbers of classes, not {labels.dtype}")
    if labels.shape != (batch,):
        raise BadInput(f"labels must be ({batch},), one for each row of logits, not of shape {labels.shape}")
    outside = (labels < 0) | (labels >= n_classes)
    if outside.any():
        row = int(outside.argmax())
        raise BadInput(
            f"label {labels[row]} in row {row} is outside 0..{n_classes - 1}, the classes of logits"
        )
    return logits, labels.astype(np.int32)
