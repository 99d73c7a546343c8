"""What a sentence needs before a network sees it, ids and transitions, and how good the result is."""

from minimalbp.tasks.attachment import Attachment, attachment
from minimalbp.tasks.baseline import MostFrequentTag
from minimalbp.tasks.parsing import Parsing, Transitions
from minimalbp.tasks.tagging import Tagging
from minimalbp.tasks.tags import tag_accuracy

__all__ = [
    "Attachment",
    "MostFrequentTag",
    "Parsing",
    "Tagging",
    "Transitions",
    "attachment",
    "tag_accuracy",
]
