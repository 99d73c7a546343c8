"""Layers: a forward pass and the backward pass that belongs to it, side by side."""

from .activation import Cube, ReLU, Sigmoid, Tanh
from .base import Layer
from .container import Chain, Residual
from .conv import Conv2d
from .dropout import Dropout
from .embedding import Embedding
from .flatten import Flatten
from .linear import Linear
from .lstm import LSTM
from .sparsify import Sparsify
from .units import Cut, Units

__all__ = [
    "LSTM", "Chain", "Conv2d", "Cube", "Cut", "Dropout", "Embedding", "Flatten", "Layer",
    "Linear", "ReLU", "Residual", "Sigmoid", "Sparsify", "Tanh", "Units",
]  # fmt: skip
