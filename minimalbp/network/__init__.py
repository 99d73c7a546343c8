"""Networks: layers bound together, what can be done with a whole network, and how its weights are stored."""

from .cnn import convnet, lenet
from .mlp import mlp
from .sequential import Sequential
from .sparse import sparse_mlp

__all__ = ["Sequential", "convnet", "lenet", "mlp", "sparse_mlp"]
