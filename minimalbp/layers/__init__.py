"""Layers: a forward pass and the backward pass that belongs to it, side by side."""

from .activation import Cube, ReLU, Sigmoid, Tanh
from .base import Layer
from .batch_norm import BatchNorm1d, BatchNorm2d
from .container import Chain, Residual
from .conv import Conv2d
from .dropout import Dropout
from .embedding import Embedding
from .flatten import Flatten
from .linear import Linear
from .local_response_norm import LocalResponseNorm
from .lstm import LSTM
from .packed_conv import PackedConv2d
from .packed_linear import PackedLinear
from .pool import AvgPool2d, MaxPool2d
from .sparse_conv import SparseConv2d
from .sparse_linear import SparseLinear
from .sparsify import Sparsify
from .units import Cut, Units

__all__ = [
    "LSTM", "AvgPool2d", "BatchNorm1d", "BatchNorm2d", "Chain", "Conv2d", "Cube", "Cut", "Dropout", "Embedding",
    "Flatten", "Layer", "Linear", "LocalResponseNorm", "MaxPool2d", "PackedConv2d", "PackedLinear", "ReLU",
    "Residual", "Sigmoid", "SparseConv2d", "SparseLinear", "Sparsify", "Tanh", "Units",
]  # fmt: skip
