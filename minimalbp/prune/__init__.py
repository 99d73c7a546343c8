"""Pruned networks: packed, so that they are faster, proved equal, timed, stored and unpacked."""

from .folder import load_packed, save_packed
from .pack import pack
from .proof import Unequal, prove
from .speed import measure, theoretical
from .unpack import state_dict, unpack

__all__ = [
    "Unequal",
    "load_packed",
    "measure",
    "pack",
    "prove",
    "save_packed",
    "state_dict",
    "theoretical",
    "unpack",
]
