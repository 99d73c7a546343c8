"""Public docstrings: NumPy's dialect, parameters as the signature has them, and every example runs."""

import doctest
import importlib
import inspect
import pkgutil
import re
from itertools import pairwise
from pathlib import Path

import pytest

import minimalbp as mbp

SECTIONS = ("Parameters", "Attributes", "Returns", "Yields", "Raises", "Notes", "References", "Examples")
ROOMS = sorted(m.name for m in pkgutil.iter_modules(mbp.__path__) if m.ispkg)
PACKAGE = Path(mbp.__file__).parent
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def public():
    """{"minimalbp.TopK": class} of all public classes and functions, each once; constants are left out."""
    found = {}
    for home in ["minimalbp", *(f"minimalbp.{room}" for room in ROOMS)]:
        module = importlib.import_module(home)
        for name in getattr(module, "__all__", ()):
            thing = getattr(module, name)
            if (inspect.isclass(thing) or inspect.isfunction(thing)) and thing not in found.values():
                found[f"{home}.{name}"] = thing
    return found


def sections(doc):
    """({title: lines}, faults). The lines before the first title stand under ""."""
    found, faults, title = {"": []}, [], ""
    for line, below in pairwise([*doc.splitlines(), ""]):
        if line and re.fullmatch("-{3,}", below):
            title = line
            faults += [f"{title} is no section, or is there twice"] * (
                title not in SECTIONS or title in found
            )
            faults += [f"{title} needs as many dashes as letters"] * (len(below) != len(title))
            found[title] = []
        elif not re.fullmatch("-{3,}", line):
            found[title].append(line)
    order = [SECTIONS.index(title) for title in found if title in SECTIONS]
    return found, faults + ["the sections are out of order"] * (order != sorted(order))


def documented(lines):
    """The names that a section describes, in order: "a, b : int" gives a and b."""
    heads = [line.partition(" : ")[0] for line in lines if line and not line.startswith(" ")]
    return [name for head in heads for name in re.split(r",\s*", head)]


def parameters(thing):
    """The names in a signature, with their stars; none where a class leaves its constructor to Python's own."""
    if inspect.isclass(thing) and not any(map(inspect.isfunction, (thing.__init__, thing.__new__))):
        return []
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    return [stars.get(p.kind, "") + p.name for p in inspect.signature(thing).parameters.values()]


def faults_of(name, thing):
    """What is wrong with the docstring of a public name, in words."""
    doc = inspect.cleandoc(thing.__doc__ or "")
    found, faults = sections(doc)
    summary, *rest = found[""]
    if not summary.endswith(".") or (rest and rest[0]):
        faults.append("the summary is one line that ends with a full stop")
    said, true = documented(found.get("Parameters", [])), parameters(thing)
    if said != true:
        faults.append(f"the parameters are {true}, not {said}")
    prose = " ".join(" ".join(found[title]) for title in found if title not in ("Raises", "Examples"))
    under_raises = "BadInput" in " ".join(found.get("Raises", []))
    if "Raises BadInput" in prose or ("BadInput" in prose and not under_raises):
        faults.append("when BadInput is raised stands under Raises")
    if name.count(".") == 1 and "Examples" not in found:
        faults.append("an example is missing")
    if inspect.isclass(thing):
        methods = inspect.getmembers(thing, inspect.isfunction)
        faults += [f"{n} has no docstring" for n, f in methods if n[0] != "_" and not inspect.getdoc(f)]
    return faults


def examples():
    """{module: how many lines of examples its source holds}, of the modules that hold any."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        dotted = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
        found[dotted] = len(re.findall(r"^\s*>>> ", path.read_text(encoding="utf-8"), re.MULTILINE))
    return {module: count for module, count in sorted(found.items()) if count}


PUBLIC, EXAMPLES = public(), examples()


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_says_what_it_is(name):
    faults = faults_of(name, PUBLIC[name])
    assert not faults, f"{name}: {'; '.join(faults)}"


@pytest.mark.parametrize("module", EXAMPLES)
def test_examples_run(module, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testmod(importlib.import_module(module), optionflags=OPTIONS)
    assert not failed, "see the output above"
    assert tried == EXAMPLES[module], "an example stands where doctest does not look"


# --- the test tested ----------------------------------------------------------------------------------


def good(a, *rest, b=1, **options):
    """Add things.

    Parameters
    ----------
    a, *rest : int
        What is added.
    b : int, default 1
    **options
        Ignored.

    Raises
    ------
    BadInput
        When a is text.

    Examples
    --------
    >>> 1 + 1
    2
    """


BREAKS = {
    "one line": ("Add things.", "Add\n    things."),
    "full stop": ("Add things.", "Add things"),
    "not \\['a'": ("*rest : int", "*rest, c : int"),
    "not \\['a', '\\*rest', 'b'\\]": ("    **options\n", "    \n"),
    "as many dashes": ("    ------\n", "    -----\n"),
    "no section": ("Raises\n", "Throws\n"),
    "twice": ("Raises\n    ------\n", "Examples\n    --------\n"),
    "out of order": ("Parameters\n    ----------\n", "Raises\n    ------\n    Parameters\n    ----------\n"),
    "under Raises": ("Add things.", "Add things.\n\n    Raises BadInput."),
    "example": ("Examples\n    --------\n", ""),
}


@pytest.mark.parametrize("fault", BREAKS)
def test_the_reader_of_docstrings_finds_faults(fault, monkeypatch):
    assert faults_of("minimalbp.good", good) == []
    was, now = BREAKS[fault]
    assert was in good.__doc__
    monkeypatch.setattr(good, "__doc__", good.__doc__.replace(was, now))
    assert re.search(fault, "; ".join(faults_of("minimalbp.good", good)))
