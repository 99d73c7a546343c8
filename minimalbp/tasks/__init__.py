"""Tasks: each says what is learnt, from which data, by which network, and how it is scored."""

from ..errors import BadInput
from .base import Task
from .classify import Classify
from .models import MODELS
from .parsing.attachment import Attachment, attachment
from .parsing.data import ParsingData, Trees, parse
from .parsing.encoding import Parsing, Transitions
from .parsing.network import parser
from .parsing.task import ParsingTask
from .sentences import SentenceTask
from .tagging.baseline import MostFrequentTag
from .tagging.data import TaggingData, Words, tag
from .tagging.encoding import Tagging
from .tagging.network import tagger
from .tagging.task import TaggingTask
from .tags import tag_accuracy

TASKS: dict[str, Task] = {task.name: task for task in (Classify(), TaggingTask(), ParsingTask())}


def sentence_task(name: str) -> SentenceTask:
    """The task of that name, which annotates sentences.

    Parameters
    ----------
    name : str
        A key of `TASKS`.

    Returns
    -------
    SentenceTask

    Raises
    ------
    BadInput
        For any other name.

    Examples
    --------
    >>> sentence_task("parsing").scores
    {'uas': 'UAS', 'las': 'LAS'}
    """
    found = {task.name: task for task in TASKS.values() if isinstance(task, SentenceTask)}
    if name not in found:
        raise BadInput(f"the task {name} annotates no sentences; train with --task {' or '.join(found)}")
    return found[name]


__all__ = [
    "MODELS", "TASKS", "Attachment", "MostFrequentTag", "Parsing", "ParsingData", "SentenceTask", "Tagging",
    "TaggingData", "Task", "Transitions", "Trees", "Words", "attachment", "parse", "parser",
    "sentence_task", "tag", "tag_accuracy", "tagger",
]  # fmt: skip
