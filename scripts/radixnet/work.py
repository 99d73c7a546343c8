"""The exact multiply-adds of a training step: those of the products of its layers."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np

import minimalbp as mbp

SPACES = ("linear", "sparse", "conv", "sparse_conv")
PRODUCTS = ("forward", "dw", "dx")  # how the names of kernels begin that multiply


def multiply_adds(net: mbp.Sequential, x: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """{"forward", "dw", "dx", "backward", "step"} of a step on these examples, for each of them.

    Nothing is updated. Biases, activations and choosing are no products and do not count.
    """
    meter, be = mbp.Meter(), net.be
    watched = meter.watch(be)
    spaces = {space: products(getattr(be, space), getattr(watched, space)) for space in SPACES}
    counted = dataclasses.replace(be, **spaces)
    owners: list[Any] = list(net.layers())
    for owner in owners:
        owner.be = counted
    try:
        with be.threads(1):
            meter.start()
            logits = net.forward(net.prepare(x))
            meter.mark("forward")
            loss = mbp.SoftmaxCrossEntropy().bind(be, net.dtype)
            loss.forward(logits, np.asarray(labels, np.int32))
            net.backward(loss.backward(), need_dx=False)
    finally:
        for owner in owners:
            owner.be = be
    each = {phase: meter.ops[phase] / len(x) for phase in PRODUCTS}
    backward = each["dw"] + each["dx"]
    return each | {"backward": backward, "step": each["forward"] + backward}


def products(plain: Any, watched: Any) -> SimpleNamespace:
    """The namespace of kernels in which only products are watched."""
    names = [name for name in dir(plain) if not name.startswith("_")]
    return SimpleNamespace(
        **{name: getattr(watched if name.startswith(PRODUCTS) else plain, name) for name in names}
    )
