"""A task says everything of itself; nothing outside asks which it is."""

import ast
from pathlib import Path

import pytest

import minimalbp as mbp
from minimalbp.optim import OPTIMIZERS
from minimalbp.tasks import TASKS, Task, sentence_task

KINDS = {
    "Classify", "Dataset", "Parsing", "ParsingData", "ParsingTask", "SentenceTask", "Split", "Tagging",
    "TaggingData", "TaggingTask", "Task", "Trees", "TreebankData", "Words",
}  # fmt: skip
PACKAGE = Path(mbp.__file__).parent
MODULES = sorted(
    p for p in PACKAGE.rglob("*.py") if p.relative_to(PACKAGE).parts[0] not in ("tasks", "data", "kernels")
)


@pytest.mark.parametrize("name", TASKS)
def test_a_task_has_a_default_for_whatever_settings_leave_to_it(name):
    task = TASKS[name]
    assert task.name == name and isinstance(task, Task)
    settings = mbp.Settings(task=name)
    for key, value in task.defaults.items():
        assert getattr(settings, key) == value
    assert task.defaults.keys() == TASKS["classify"].defaults.keys()
    for optimizer in OPTIMIZERS:
        assert mbp.Settings(task=name, optimizer=optimizer).lr == task.learning_rates[optimizer]
    assert (
        task.simplify_defaults.keys() - {"prune"} <= task.defaults.keys()
        and "prune" in task.simplify_defaults
    )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nobody_else_asks_for_the_kind_of_a_task_or_of_data(path):
    """No isinstance of them, and no name of a task compared with a setting."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("isinstance", "issubclass"):
            assert not {n.id for n in ast.walk(node.args[1]) if isinstance(n, ast.Name)} & KINDS, ast.unparse(
                node
            )
        if isinstance(node, ast.Compare):
            words = {
                c.value for c in ast.walk(node) if isinstance(c, ast.Constant) and isinstance(c.value, str)
            }
            assert not words & TASKS.keys(), ast.unparse(node)


def test_only_tasks_on_sentences_annotate():
    assert [name for name in TASKS if name != "classify"] == ["tagging", "parsing"]
    assert sentence_task("tagging") is TASKS["tagging"]
    with pytest.raises(mbp.BadInput, match="classify annotates no sentences"):
        sentence_task("classify")
