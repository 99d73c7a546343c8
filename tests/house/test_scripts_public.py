"""Scripts use the package as anybody can: public names only, of minimalbp or of one of its rooms."""

import ast
import importlib

import pytest
from helpers import SCRIPTS

import minimalbp as mbp

pytestmark = pytest.mark.skipif(not SCRIPTS.is_dir(), reason="the tests run outside the source tree")
PATHS = sorted(SCRIPTS.rglob("*.py")) if SCRIPTS.is_dir() else []


def faults(source):
    """Each use of the package that is not of a public name, in words."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            used = [
                f"import {alias.name} as {alias.asname}" for alias in node.names if "minimalbp" in alias.name
            ]
            yield from set(used) - {"import minimalbp as mbp"}
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for name in (alias.name for alias in node.names):
                private = module.startswith("minimalbp") and name not in public(module)
                if private or name.startswith("_") or module.startswith("importlib"):
                    yield f"from {module} import {name}"
        elif isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value)
            private = node.attr.startswith("_") and not node.attr.startswith("__") and owner != "self"
            if private or (owner == "mbp" and node.attr not in mbp.__all__):
                yield ast.unparse(node)


def public(room):
    """Its names, of minimalbp and the rooms directly below."""
    return getattr(importlib.import_module(room), "__all__", ()) if room.count(".") < 2 else ()


@pytest.mark.parametrize("path", PATHS, ids=[str(path.relative_to(SCRIPTS)) for path in PATHS])
def test_a_script_uses_public_names_only(path):
    assert list(faults(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "line",
    [
        "import minimalbp.errors", "import minimalbp", "from minimalbp.cost.layer import measure_layer",
        "from minimalbp.errors import short", "from minimalbp import backend", "from minimalbp.files import _x",
        "from importlib import import_module", "mbp.backend.cores()", "mbp.Meter()._wrap",
        "from .arms import _dense", "def f():\n    from minimalbp.train.fit import fit",
        "from minimalbp.cli import main",
    ],
)  # fmt: skip
def test_a_use_of_something_private_is_found(line):
    assert len(list(faults(line))) == 1


def test_public_uses_are_none():
    lines = "import minimalbp as mbp", "from minimalbp import fit", "from minimalbp.cost import TorchStep"
    more = (
        "mbp.fit(net)",
        "self._x",
        "np.__version__",
        "from .arms import BASE",
        "from minimalbp.errors import check_int",
    )
    assert list(faults("\n".join([*lines, *more]))) == []


def test_only_commands_stand_at_the_top_of_scripts():
    names = {path.name for path in SCRIPTS.iterdir() if path.is_file()}
    assert names - {"tables.py", "check.sh", "graphchallenge.py"} == {
        path.name for pattern in ("reproduce_*.py", "bench_*.py") for path in SCRIPTS.glob(pattern)
    }
    for folder in (path for path in SCRIPTS.iterdir() if path.is_dir() and path.name != "__pycache__"):
        assert (folder / "__init__.py").exists(), (
            "else an installed package of that name would be found first"
        )
