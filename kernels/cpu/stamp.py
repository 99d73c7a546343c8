"""A stamp that changes whenever a file changes that a kernel rests on, so that no stale compiled kernel runs.

Numba's own stamp is that of the file in which a kernel is written. A kernel also contains the code of the kernels
that it calls, and the constants that it reads, from other files.
"""

import hashlib
import re
from functools import cache
from pathlib import Path

_IMPORT = re.compile(r"^\s*from (\.+)([\w.]*) import (\([^)]*\)|.*)$", re.M)


@cache
def stamp(path):
    """A digest of the text of a file and of all files that it imports by relative imports, and these in turn."""
    digest = hashlib.sha256()
    for file in sorted(_rests_on(Path(path).resolve())):
        digest.update(_text(file).encode())
    return digest.hexdigest()


def _rests_on(path):
    found, waiting = set(), [path]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += _imports(file)
    return found


@cache
def _imports(path):
    """The files that a file imports from its own package, as a tuple."""
    found = []
    for dots, module, names in _IMPORT.findall(_text(path)):
        base = path.parents[len(dots) - 1].joinpath(*filter(None, module.split(".")))
        modules = [base, *(base / name for name in re.findall(r"\w+", names))]
        found += [file for m in modules if (file := m.with_suffix(".py")).is_file()]
    return tuple(found)


@cache
def _text(path):
    return path.read_text(encoding="utf-8")
