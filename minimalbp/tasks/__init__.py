"""Tasks: what is learnt, from which data, by which network, and how good the result is."""

from .parsing.attachment import Attachment, attachment
from .parsing.data import ParsingData, Trees, parse
from .parsing.encoding import Parsing, Transitions
from .parsing.network import parser
from .tagging.baseline import MostFrequentTag
from .tagging.data import TaggingData, Words, tag
from .tagging.encoding import Tagging
from .tagging.network import tagger
from .tags import tag_accuracy

__all__ = [
    "Attachment", "MostFrequentTag", "Parsing", "ParsingData", "Tagging", "TaggingData", "Transitions", "Trees",
    "Words", "attachment", "parse", "parser", "tag", "tag_accuracy", "tagger",
]  # fmt: skip
