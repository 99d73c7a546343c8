"""Networks: layers bound together, what can be done with a whole network, and how its weights are stored."""

from .mlp import mlp
from .sequential import Sequential

__all__ = ["Sequential", "mlp"]
