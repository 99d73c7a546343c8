"""The defaults of settings in words, for the help of the command line: they depend on the task and the model."""

from __future__ import annotations

from typing import Any

from ..tasks import MODELS, TASKS


def defaults(setting: str, own: str = "defaults") -> str:
    """The default of a setting in words: that of the first task, then others with the names of their tasks.

    `own` is the attribute of a task that overrides its `defaults`, such as "simplify_defaults".
    """
    values = {name: {**task.defaults, **getattr(task, own)}[setting] for name, task in TASKS.items()}
    return "; ".join(_by_task(values))


def by_model(setting: str, own: str = "defaults") -> str:
    """The defaults that models have of their own, in words: "; lenet 512". `own`: as for `defaults`."""
    values = {name: {**model.defaults, **getattr(model, own)}.get(setting) for name, model in MODELS.items()}
    return "".join(
        f"; {name} {_in_words(value) or 'none'}" for name, value in values.items() if value is not None
    )


def learning_rates() -> str:
    """The default learning rates in words, by optimiser."""
    words = []
    for optimizer in next(iter(TASKS.values())).learning_rates:
        first, *others = _by_task({name: task.learning_rates[optimizer] for name, task in TASKS.items()})
        words.append(", for ".join([f"with {optimizer} {first}", *others]))
    return "; ".join(words)


def _by_task(values: dict[str, Any]) -> list[str]:
    """The value of the first task in words, then each other value, with the tasks that have it."""
    tasks: dict[str, list[str]] = {}
    for name, value in values.items():
        tasks.setdefault(_in_words(value), []).append(name)
    first, *others = tasks
    return [first, *(f"{' and '.join(tasks[value])} {value}" for value in others)]


def by_words(attribute: str) -> dict[str, str]:
    """{words: names of the tasks that have them as an attribute}."""
    found: dict[str, list[str]] = {}
    for task in TASKS.values():
        found.setdefault(getattr(task, attribute), []).append(task.name)
    return {words: " and ".join(names) for words, names in found.items()}


def _in_words(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return text.replace("%", "%%")  # argparse formats its help
