"""What a sentence needs before a network sees it, ids and transitions, and how good the result is."""

from .attachment import Attachment, attachment
from .baseline import MostFrequentTag
from .parsing import Parsing, Transitions
from .tagging import Tagging
from .tags import tag_accuracy

__all__ = [
    "Attachment",
    "MostFrequentTag",
    "Parsing",
    "Tagging",
    "Transitions",
    "attachment",
    "tag_accuracy",
]
