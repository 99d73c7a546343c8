"""No stale compiled kernel runs: the cache knows of every file that a kernel rests on."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from minimalbp.kernels.cpu import policy
from minimalbp.kernels.cpu.stamp import stamp

KERNELS = Path(policy.__file__).parents[1]
CALLER = """
from ..policy import kernel
from .callee import double
@kernel
def run(x):
    return double(x)
"""
CALLEE = """
from .constants import FACTOR
from ..policy import kernel
@kernel
def double(x):
    return FACTOR * x
"""
ASK = """
from toy.cpu.products.caller import run
print(run(21), sum(run.stats.cache_hits.values()))
"""


@pytest.fixture
def toy(tmp_path):
    """A package with a kernel that calls one of another file, which reads a constant of a third."""
    folder = tmp_path / "toy" / "cpu" / "products"
    folder.mkdir(parents=True)
    for package in (tmp_path / "toy", tmp_path / "toy" / "cpu", folder):
        (package / "__init__.py").touch()
    for name in ("policy.py", "stamp.py"):
        shutil.copy(KERNELS / "cpu" / name, folder.parent)
    for name, text in (
        ("caller", CALLER),
        ("callee", CALLEE),
        ("constants", "FACTOR = 2\n"),
        ("other", "A = 1\n"),
    ):
        (folder / f"{name}.py").write_text(text)
    return folder


def asked(folder):
    """(the result, how often the cache had it) in a fresh process."""
    root = folder.parents[2]
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", ASK], cwd=root, env=environment, capture_output=True, text=True, check=True
    )
    result, hits = map(int, done.stdout.split())
    return result, hits


@pytest.mark.skipif(not policy.JIT, reason="nothing is compiled")
def test_a_kernel_is_compiled_again_when_a_file_that_it_rests_on_has_changed(toy):
    assert asked(toy) == (42, 0)
    assert asked(toy) == (42, 1), "from the cache"
    (toy / "other.py").write_text("A = 2\n")
    os.utime(toy / "caller.py", (1, 1))
    assert asked(toy) == (42, 1), "a file it does not use, and a new time"
    (toy / "constants.py").write_text("FACTOR = 3\n")
    assert asked(toy) == (63, 0), "a constant two files away, of the same length"
    (toy / "callee.py").write_text(CALLEE.replace("FACTOR * x", "FACTOR + x"))
    assert asked(toy) == (24, 0)
    assert asked(toy) == (24, 1)


def test_a_stamp_follows_all_imports_and_no_others(toy):
    before = {name: stamp(str(toy / f"{name}.py")) for name in ("caller", "callee", "constants", "other")}
    assert len(set(before.values())) == 4
    for path in sorted((KERNELS / "cpu").rglob("*.py")):
        assert stamp(str(path)) == stamp(path)


def test_a_numba_without_such_a_cache_keeps_nothing(monkeypatch):
    class Compiled:
        pass

    asked_for = []

    def njit(**options):
        asked_for.append(options.get("cache", False))
        return lambda function: Compiled()

    monkeypatch.setattr(policy.numba, "njit", njit)
    monkeypatch.setattr(policy, "JIT", True)
    policy.kernel(lambda x: x)
    assert asked_for == [True, False]
