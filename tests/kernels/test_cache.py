"""Compiled code is taken from disk exactly as long as no file that it came from has changed."""

import importlib
import os
import shutil
import sys
from pathlib import Path

import pytest

from minimalbp.kernels.cpu import cache, policy

CPU = Path(policy.__file__).parent
CALLER = """
from .policy import kernel
from .far import (
    far,  # a comment
)

@kernel
def near(x):
    return far(x) + 1
"""
FAR = """
from .constant import STEP
from .policy import kernel

@kernel
def far(x):
    return x * STEP
"""
needs_jit = pytest.mark.skipif(not policy.JIT, reason="the JIT is off")


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A folder of three kernel files, one calling the next, with policy.py and cache.py as they are here."""
    folder = tmp_path / "copied"
    folder.mkdir()
    for name in ("policy.py", "cache.py"):
        shutil.copy(CPU / name, folder)
    for name, text in {"near": CALLER, "far": FAR, "constant": "STEP = 10\n", "aside": ""}.items():
        (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # Python's own cache knows whole seconds only
    yield folder
    forget()


def forget():
    for name in [n for n in sys.modules if n.partition(".")[0] == "copied"]:
        del sys.modules[name]
    importlib.invalidate_caches()


def run(argument=2):
    """(near(argument), whether it came from disk), in modules read anew."""
    forget()
    near = importlib.import_module("copied.near").near
    result = near(argument)
    return result, bool(near.stats.cache_hits)


@needs_jit
def test_a_change_in_any_file_that_a_kernel_calls_is_noticed(package):
    assert run() == (21, False)
    assert run() == (21, True)
    (package / "far.py").write_text(
        FAR.replace("x * STEP", "x - STEP")
    )  # same size; its caller stays as it was
    assert run() == (-7, False)
    (package / "constant.py").write_text("STEP = 20\n")  # only its caller imports it
    assert run() == (-17, False)
    assert run() == (-17, True)


@needs_jit
def test_nothing_else_is_a_change(package):
    run()
    (package / "aside.py").write_text("A = 1\n")
    for path in package.glob("*.py"):
        os.utime(path, (1, 1))
    assert run() == (21, True)


@needs_jit
def test_processes_that_compile_at_once_do_not_take_each_others_code(package, monkeypatch):
    """Numba writes the index, then the code; between these another process does both, for another signature."""
    ours = importlib.import_module("copied.near").near
    file = ours._cache._cache_file
    write_index = file._save_index

    def interrupted(overloads):
        write_index(overloads)
        forget()
        theirs = importlib.import_module("copied.near").near
        monkeypatch.setattr(theirs._cache._cache_file, "_load_index", dict)  # read before ours was written
        assert theirs(0.5) == 6.0

    monkeypatch.setattr(file, "_save_index", interrupted)
    assert ours(2) == 21
    assert run(0.5) == (6.0, True)


def test_without_a_stamp_there_is_no_cache(monkeypatch):
    """Another Numba may keep its stamp elsewhere: rather none from disk than what may be old."""

    def double(x):
        return 2 * x

    monkeypatch.setattr(policy, "stamp", lambda dispatcher, path: False)
    kernel = policy.kernel(double)
    assert kernel(21) == 42
    assert not policy.JIT or kernel.stats.cache_path is None
    assert not cache.stamp(object(), CPU / "policy.py")
