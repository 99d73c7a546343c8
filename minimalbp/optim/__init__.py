"""Optimisers: SGD, AdaGrad and Adam, each over all rows or over the chosen rows."""

from .adagrad import AdaGrad
from .adam import Adam
from .base import ROWS, Optimizer
from .sgd import SGD

OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "adagrad": AdaGrad, "adam": Adam}

__all__ = ["OPTIMIZERS", "ROWS", "SGD", "AdaGrad", "Adam", "Optimizer"]
