"""Training: one step, the loop around it, and what it reads and leaves."""

from .step import train_step

__all__ = ["train_step"]
