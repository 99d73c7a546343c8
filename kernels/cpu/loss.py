"""Softmax with cross-entropy; see reference/loss.py."""

import numpy as np

from .policy import kernel

__all__ = ["softmax_cross_entropy"]


def softmax_cross_entropy(losses, dlogits, logits, labels, factor):
    _softmax_cross_entropy(losses, dlogits, logits, labels, logits.dtype.type(factor))


@kernel
def _softmax_cross_entropy(losses, dlogits, logits, labels, factor):
    batch, n_classes = logits.shape
    for e in range(batch):
        largest = logits[e, 0]
        for c in range(n_classes):
            if not logits[e, c] <= largest:  # NaN wins, and so reaches the loss
                largest = logits[e, c]
        total = 0.0
        for c in range(n_classes):
            dlogits[e, c] = np.exp(logits[e, c] - largest)
            total += dlogits[e, c]
        losses[e] = np.log(total) - (logits[e, labels[e]] - largest)
        for c in range(n_classes):
            dlogits[e, c] *= factor / total
        dlogits[e, labels[e]] -= factor
