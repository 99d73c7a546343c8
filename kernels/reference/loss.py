"""Softmax with cross-entropy: forward and backward in one kernel, since they share the probabilities."""

import numpy as np


def softmax_cross_entropy(losses, dlogits, logits, labels, factor):
    """losses[e] = -log softmax(logits[e])[labels[e]];  dlogits = factor (softmax(logits) - one_hot(labels)).

    losses (batch,), logits and dlogits (batch, n_classes), labels int32 (batch,); factor = 1 / batch for the
    gradient of the mean loss, 1 for that of the sum.
    """
    shifted = logits - logits.max(axis=1, keepdims=True)
    exp = np.exp(shifted)
    total = exp.sum(axis=1)
    each = np.arange(len(labels))
    losses[:] = np.log(total) - shifted[each, labels]
    dlogits[...] = exp / total[:, None]
    dlogits[each, labels] -= 1
    dlogits *= dlogits.dtype.type(factor)
