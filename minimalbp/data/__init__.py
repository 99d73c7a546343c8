"""Data sets as host arrays, treebanks as sentences: known ones by name, a user's own by path."""

from .check import check_arrays, check_dataset
from .dataset import Dataset, Split
from .known.registry import KNOWN, KnownFile, KnownSet
from .load import load_dataset
from .treebank.conllu import parse_conllu, read_conllu
from .treebank.conllu_write import format_conllu, write_conllu
from .treebank.load import Treebank, load_treebank
from .treebank.sentence import Sentence, is_projective

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
