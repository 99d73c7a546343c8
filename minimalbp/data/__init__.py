"""Data sets as host arrays, treebanks as sentences: known ones by name, a user's own by path."""

from .check import check_arrays, check_dataset
from .conllu import parse_conllu, read_conllu
from .conllu_write import format_conllu, write_conllu
from .dataset import Dataset, Split
from .load import load_dataset
from .registry import KNOWN, KnownFile, KnownSet
from .sentence import Sentence, is_projective
from .treebank import Treebank, load_treebank

__all__ = [
    "KNOWN",
    "Dataset",
    "KnownFile",
    "KnownSet",
    "Sentence",
    "Split",
    "Treebank",
    "check_arrays",
    "check_dataset",
    "format_conllu",
    "is_projective",
    "load_dataset",
    "load_treebank",
    "parse_conllu",
    "read_conllu",
    "write_conllu",
]
