"""Layers: forward and the backward that inverts it, side by side."""

from .activation import Cube, ReLU, Sigmoid, Tanh
from .base import Layer
from .container import Chain, Residual
from .dropout import Dropout
from .flatten import Flatten
from .linear import Linear

__all__ = [
    "Chain", "Cube", "Dropout", "Flatten", "Layer", "Linear", "ReLU", "Residual", "Sigmoid", "Tanh",
]  # fmt: skip
