"""The lessons: every block of Python runs, in one session from top to bottom, and prints what the page says."""

import contextlib
import io
import os
import re
from pathlib import Path

import pytest

LESSONS = Path(__file__).parents[2] / "docs" / "lessons"
PAGES = sorted(LESSONS.glob("[0-9]*_*.md"), key=lambda page: int(page.name.partition("_")[0]))
SLOW = (  # without the compiler
    "3_what_it_costs.md", "4_does_it_still_learn.md", "5_tagging.md", "6_networks_that_shrink.md",
    "7_the_fault_and_its_repair.md", "8_convolutions.md", "9_pruning.md",
    "10_sparse_topologies.md",
)  # fmt: skip
pytestmark = pytest.mark.skipif(not LESSONS.is_dir(), reason="the tests run outside the source tree")
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.M | re.S)


def run(text):
    """Run the blocks of a page; what one prints is what the page shows below it, where it shows anything."""
    names = {"__name__": "lesson"}
    for match in BLOCK.finditer(text):
        code, shown = match.groups()
        line = text[: match.start(1)].count("\n")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile("\n" * line + code, "lesson", "exec"), names)
        if shown is not None:
            assert printed.getvalue() == shown, f"below line {line}"
    return names


LONG = ("3_what_it_costs.md", "4_does_it_still_learn.md", "6_networks_that_shrink.md")  # 7 to 15 seconds
LESSON = [pytest.param(page, id=page.stem, marks=[pytest.mark.slow] * (page.name in LONG)) for page in PAGES]


@pytest.mark.parametrize("page", LESSON)
def test_a_lesson_runs_as_it_is_written(page):
    if page.name in SLOW and "NUMBA_DISABLE_JIT" in os.environ:
        pytest.skip("measures and trains compiled kernels")
    assert run(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "page, made",
    [
        ("data.md", "net"),
        ("pictures.md", "block"),
        ("prune.md", "Spread"),
        ("sweeps.md", "again"),
        ("topology.md", "net"),
    ],
)
@pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="they train with compiled kernels")
def test_a_page_whose_code_is_complete_runs_as_it_is_written(page, made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run((LESSONS.parent / page).read_text(encoding="utf-8"))[made]


def test_there_are_ten_lessons_with_exercises_and_an_index():
    index = (LESSONS / "README.md").read_text(encoding="utf-8")
    assert len(PAGES) == 10
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert f"({page.name})" in index
        assert "\n## Exercises\n" in text and len(BLOCK.findall(text)) >= 4
        assert text.count("```python\n") == len(BLOCK.findall(text)), "a block that is not run"
        assert text.count("```text\n") == sum(shown != "" for _, shown in BLOCK.findall(text)), (
            "one not compared"
        )


@pytest.mark.parametrize("page", [LESSONS / "README.md", *PAGES], ids=lambda page: page.stem)
def test_links_of_a_lesson_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_a_page_that_is_wrong_is_found():
    good = "```python\nprint(1)\n```\n\n```text\n1\n```\n"
    assert run(good)
    with pytest.raises(AssertionError, match="below line"):
        run(good.replace("\n1\n", "\n2\n"))
    with pytest.raises(NameError):
        run("```python\nprint(nothing)\n```\n")
    with pytest.raises(UserWarning):  # the blocks run with warnings as errors
        run("```python\nimport warnings\nwarnings.warn('look')\n```\n")
