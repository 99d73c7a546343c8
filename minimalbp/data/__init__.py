"""Data sets as host arrays, treebanks as sentences: known ones by name, a user's own by path."""

from minimalbp.data.check import check_arrays, check_dataset
from minimalbp.data.conllu import parse_conllu, read_conllu
from minimalbp.data.conllu_write import format_conllu, write_conllu
from minimalbp.data.dataset import Dataset, Split
from minimalbp.data.load import load_dataset
from minimalbp.data.registry import KNOWN, KnownFile, KnownSet
from minimalbp.data.sentence import Sentence, is_projective
from minimalbp.data.treebank import Treebank, load_treebank

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
