"""Long short-term memory: the layer, one direction of it, and sentences packed into rows."""

from .lstm import LSTM

__all__ = ["LSTM"]
