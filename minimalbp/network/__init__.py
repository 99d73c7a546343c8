"""Networks: layers bound together, what can be done with a whole one, and how it is kept."""

from .mlp import mlp
from .sequential import Sequential

__all__ = ["Sequential", "mlp"]
