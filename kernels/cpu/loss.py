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
            if logits[e, c] > largest:  # NaN may be taken or passed over: its exp reaches the loss
                largest = logits[e, c]
        total = 0.0
        own = logits[e, 0]
        for c in range(n_classes):
            shifted = logits[e, c] - largest
            if c == labels[e]:  # kept here: outside the loop `reassoc` would add `largest` to log(total)
                own = shifted
            dlogits[e, c] = np.exp(shifted)
            total += dlogits[e, c]
        losses[e] = np.log(total) - own
        for c in range(n_classes):
            dlogits[e, c] *= factor / total
        dlogits[e, labels[e]] -= factor
