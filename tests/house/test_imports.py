"""Who may import whom (docs/architecture.md), read from the source of the installed package."""

import ast
import sys
from pathlib import Path

import pytest
from helpers import JIT_ONLY

import minimalbp
import minimalbp.kernels
from minimalbp.kernels.cpu import cache

pytestmark = JIT_ONLY  # they read text, which runs no line
TESTS = Path(__file__).parents[1]
PACKAGE, KERNELS = Path(minimalbp.__file__).parent, Path(minimalbp.kernels.__file__).parent
# The rooms, top to bottom: what stands in one imports from those below it only, and neighbours not from each other.
# A room is a module or a folder directly under minimalbp.
HOUSE = (
    {"__main__"},
    {"cli"},
    {"experiment"},
    {"cost", "prune", "report", "simplify", "tasks"},
    {"train"},
    {"measure"},
    {"network"},
    {"layers", "optim"},
    {"data", "losses", "param", "select"},
    {"topology"},
    {"backend", "files", "seeds"},
    {"errors"},
    {"__init__"},  # the version
)
MAY = {part: set().union(*HOUSE[i + 1 :]) for i, parts in enumerate(HOUSE) for part in parts}
HEAVY = {
    "torch",
    "matplotlib",
    "sklearn",
    "numba",
    "scipy",
    "pooch",
    "tqdm",
    "requests",
    "PIL",
    "safetensors",
}


def sources(folder):
    return sorted(p for p in folder.rglob("*.py") if folder == KERNELS or not p.is_relative_to(KERNELS))


def imports(path, name):
    """(absolute name, whether at module level) of every import, also by importlib with a string."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    inner = {n for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for n in ast.walk(f) if n is not f}
    for node in ast.walk(tree):
        top = node not in inner
        if isinstance(node, ast.Import):
            yield from ((alias.name, top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            base = ".".join(parts[: len(parts) + 1 - node.level]) if node.level else ""
            base = ".".join(filter(None, [base, node.module]))
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield (full if (node.module is None or is_module(full)) else base), top
        elif isinstance(node, ast.Call) and "import" in ast.unparse(node.func) and node.args:
            words = [c.value for c in ast.walk(node.args[0]) if isinstance(c, ast.Constant)]
            if words and isinstance(words[0], str):
                yield words[0].rstrip("."), top


def is_module(name):
    first, *rest = name.split(".")
    if first != "minimalbp":
        return False
    root = KERNELS if rest[:1] == ["kernels"] else PACKAGE
    path = root.joinpath(*(rest[1:] if root is KERNELS else rest))
    return path.is_dir() or path.with_suffix(".py").exists()


def engine():
    """(dotted name, part, path) of every module but the kernels."""
    for path in sources(PACKAGE):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        dotted = ".".join(("minimalbp", *parts)).removesuffix(".__init__")
        yield dotted, parts[0], path


def part_of(name):
    """The part of the package that an import of `name` reaches; None outside the package."""
    first, _, rest = name.partition(".")
    part = rest.partition(".")[0]
    return ("__init__" if part in ("", "__version__") else part) if first == "minimalbp" else None


MODULES = list(engine())


@pytest.mark.parametrize("dotted, part, path", MODULES, ids=[m[0] for m in MODULES])
def test_a_module_imports_what_its_part_may(dotted, part, path):
    reached = {part_of(name) for name, _ in imports(path, dotted)} - {None, part}
    if part == "backend":
        assert "kernels" in reached
        reached.remove("kernels")
    assert reached <= MAY[part], f"{dotted} may not import {reached - MAY[part]}"


@pytest.mark.parametrize("dotted, part, path", MODULES, ids=[m[0] for m in MODULES])
def test_nothing_heavy_at_import(dotted, part, path):
    top = {name.partition(".")[0] for name, at_import in imports(path, dotted) if at_import}
    assert not top & HEAVY
    if dotted != "minimalbp.cost.peers":  # the one place that may use it, where it is installed
        assert "torch" not in {name.partition(".")[0] for name, _ in imports(path, dotted)}


def test_topologies_are_numbers_only():
    reached = {
        part_of(name)
        for dotted, part, path in MODULES
        if part == "topology"
        for name, _ in imports(path, dotted)
    }
    assert reached - {None, "topology"} == {"errors", "files"}


def test_every_room_has_its_place():
    assert set(MAY) == {part for _, part, _ in MODULES}


def test_few_modules_stand_beside_the_rooms():
    assert len(list(PACKAGE.glob("*.py"))) <= 8


def test_modules_of_a_part_import_each_other_without_cycles():
    needs = {
        dotted: {n for n, top in imports(path, dotted) if top and n != dotted and part_of(n) == part}
        for dotted, part, path in MODULES
        if path.name != "__init__.py"
    }
    left = {dotted: {n for n in found if n in needs} for dotted, found in needs.items()}
    while left:
        free = [dotted for dotted, found in left.items() if not found & left.keys()]
        assert free, f"a cycle among {sorted(left)}"
        for dotted in free:
            del left[dotted]


def test_kernels_import_numbers_and_themselves():
    allowed = {"numpy", "numba", "llvmlite"}
    for path in sources(KERNELS):
        dotted = ".".join(("minimalbp.kernels", *path.relative_to(KERNELS).with_suffix("").parts))
        dotted = dotted.removesuffix(".__init__")
        found = {name for name, _ in imports(path, dotted)}
        inside = {name for name in found if name.startswith("minimalbp.kernels.")}
        outside = {name.partition(".")[0] for name in found - inside} - sys.stdlib_module_names
        assert outside <= allowed, path
        backend = dotted.split(".")[2] if dotted.count(".") > 1 else ""
        assert {name.split(".")[2] for name in inside} <= {backend, "reference"}, path
        if backend == "reference":
            assert outside <= {"numpy"}, "the specification is plain NumPy"


def test_the_cache_follows_every_import_of_a_kernel():
    """It reads them by pattern, the rules here by grammar."""
    for path in sources(KERNELS):
        dotted = ".".join(("minimalbp.kernels", *path.relative_to(KERNELS).with_suffix("").parts))
        names = {name for name, _ in imports(path, dotted.removesuffix(".__init__"))}
        inside = {
            KERNELS.joinpath(*name.split(".")[2:]) for name in names if name.startswith("minimalbp.kernels.")
        }
        files = {p / "__init__.py" if p.is_dir() else p.with_suffix(".py") for p in inside}
        assert files <= cache.imported(path), path


def test_a_folder_called_kernels_is_never_imported_as_such():
    """`import kernels` would find another package of that name; only few tests reach below the backend."""
    scripts = TESTS.parent / "scripts"
    paths = [*TESTS.rglob("*.py"), *(scripts.rglob("*.py") if scripts.exists() else ())]
    below = set()
    for path in paths:
        for name, _ in imports(path, path.stem):
            assert name.partition(".")[0] != "kernels", path
            if name.startswith("minimalbp.kernels"):
                below.add(path.name)
    assert below <= {
        "conftest.py",
        "helpers.py",
        "test_cache.py",
        "test_policy.py",
        "test_imports.py",
        "test_packaging.py",
    }


def test_the_reader_of_imports_sees_them_all(tmp_path):
    path = tmp_path / "layer.py"
    path.write_text(
        "import numpy.linalg\nfrom ..param import Param\nfrom . import base\nfrom .. import backend\n"
        "def f():\n    import torch\n    importlib.import_module('minimalbp.kernels.cpu')\n"
        "    importlib.import_module(f'minimalbp.kernels.{name}')\n",
        encoding="utf-8",
    )
    assert sorted(imports(path, "minimalbp.layers.layer")) == [
        ("minimalbp.backend", True),
        ("minimalbp.kernels", False),
        ("minimalbp.kernels.cpu", False),
        ("minimalbp.layers.base", True),
        ("minimalbp.param", True),
        ("numpy.linalg", True),
        ("torch", False),
    ]
