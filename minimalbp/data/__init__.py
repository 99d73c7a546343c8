"""Data sets as host arrays: known ones by name, a user's own by path."""

from minimalbp.data.check import check_arrays, check_dataset
from minimalbp.data.dataset import Dataset, Split
from minimalbp.data.load import load_dataset
from minimalbp.data.registry import KNOWN, KnownFile, KnownSet

__all__ = [
    "KNOWN",
    "Dataset",
    "KnownFile",
    "KnownSet",
    "Split",
    "check_arrays",
    "check_dataset",
    "load_dataset",
]
