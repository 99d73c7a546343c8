"""Tagging and parsing with a network: the data to train it on, the networks, and what they say of new sentences."""

from .networks import parser, tagger
from .trees import ParsingData, Trees, parse
from .words import TaggingData, Words, tag

__all__ = ["ParsingData", "TaggingData", "Trees", "Words", "parse", "parser", "tag", "tagger"]
