"""When compiled code on disk is still right, which Numba judges by the kernel's own file only.

A compiled kernel holds the code of every kernel that it calls, also of those in other files. So here its stamp is a
digest of the text of its file and of every file of this package that it imports, directly or not.
"""

import hashlib
import re
from functools import cache
from typing import Any
from uuid import uuid4

# By pattern, since parsing takes fifty times as long, at every start.
IMPORT = re.compile(r"^[ \t]*from (\.+)([\w.]*) import (\([^)]*\)|.*)", re.MULTILINE)
PROCESS = uuid4().hex[:8]


def stamp(dispatcher, path):
    """Let the cache of a compiled function follow `path` and what it imports; False where this Numba cannot.

    The files with code get names of this process: Numba numbers them, and two processes that compile at the same
    time take the same number, so that one finds the other's code under its own signature.
    """
    file: Any = getattr(getattr(dispatcher, "_cache", None), "_cache_file", None)
    if not (hasattr(file, "_source_stamp") and hasattr(file, "_data_name_pattern")):
        return False
    file._source_stamp = digest(path)
    file._data_name_pattern = file._data_name_pattern.replace("{number", f"{PROCESS}-{{number")
    return True


@cache
def digest(path):
    """Of the texts of a file and of all that it imports from here."""
    found, new = set(), {path}
    while new:
        found |= new
        new = set().union(*map(imported, new)) - found
    texts = sorted(hashlib.sha256(p.name.encode() + p.read_bytes()).digest() for p in found)
    return hashlib.sha256(b"".join(texts)).hexdigest()


@cache
def imported(path):
    """The files that relative imports of a file name: modules, packages, and modules named inside a package."""
    found = set()
    for dots, module, names in IMPORT.findall(path.read_text(encoding="utf-8")):
        base = path.parents[len(dots) - 1].joinpath(*module.split("."))
        for target in (base, *(base / name for name in re.findall(r"\w+", names))):
            found |= {p for p in (target.with_suffix(".py"), target / "__init__.py") if p.is_file()}
    return found
