"""The loss at the end of a network."""

from __future__ import annotations

from .backend import Array, Backend, Buffers
from .errors import unknown


class SoftmaxCrossEntropy:
    """Softmax with cross-entropy over integer labels.

    reduction: "mean" over the batch, or "sum" (the authors' later C# code, which does not divide by the batch).
    """

    def __init__(self, reduction: str = "mean"):
        if reduction not in ("mean", "sum"):
            raise unknown("reduction", reduction, ("mean", "sum"))
        self.reduction = reduction

    def bind(self, be: Backend, dtype: str) -> SoftmaxCrossEntropy:
        """Give the loss its backend and memory."""
        self.be, self.buf = be, Buffers(be, dtype)
        return self

    def forward(self, logits: Array, labels: Array) -> float:
        """The loss of a batch: logits (batch, n_classes), labels int32 (batch,)."""
        batch = len(logits)
        losses = self.buf.get("losses", (batch,))
        self._dlogits = self.buf.get("dlogits", logits.shape)
        factor = 1 / batch if self.reduction == "mean" else 1.0
        self.be.loss.softmax_cross_entropy(losses, self._dlogits, logits, labels, factor)
        return float(losses.sum(dtype="float64")) * factor

    def backward(self) -> Array:
        """The gradient of the last forward with respect to its logits, (batch, n_classes)."""
        return self._dlogits
