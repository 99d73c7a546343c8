"""Optimisers: SGD, AdaGrad and Adam, each over all rows or over the chosen rows; schedules of the learning rate."""

from .adagrad import AdaGrad
from .adam import Adam
from .base import ROWS, Optimizer
from .schedule import SCHEDULES, Schedule
from .sgd import SGD

OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "adagrad": AdaGrad, "adam": Adam}

__all__ = ["OPTIMIZERS", "ROWS", "SCHEDULES", "SGD", "AdaGrad", "Adam", "Optimizer", "Schedule"]
