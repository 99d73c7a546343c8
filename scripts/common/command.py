"""How a command says what made a figure, and how it ends."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import minimalbp as mbp

ROOT = Path(__file__).parents[2]


@cache
def commit() -> str | None:
    """The commit of the source tree, with a + where files differ from it; None outside of a repository.

    Ask before the work begins, since a process runs what it found then; hence the cache as well.
    """

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        changed = git(
            "status", "--porcelain", "--untracked-files=no", "--", "minimalbp", "kernels", "scripts"
        )
        return git("rev-parse", "--short=12", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def typed(script: str, argv: list[str] | None) -> str:
    """The command, as a shell takes it. argv: None for that of the process."""
    return shlex.join(["python", f"scripts/{script}.py", *(sys.argv[1:] if argv is None else argv)])


def on_stderr(line: str) -> None:
    """Progress, so that stdout holds nothing but the result."""
    print(line, file=sys.stderr, flush=True)


def status(work: Callable[[], None], kept: str = "nothing is written") -> int:
    """The exit status of `work()`: 0; 2 with one line for bad input; 130 when interrupted, saying what is kept."""
    try:
        work()
    except mbp.BadInput as e:
        on_stderr(f"error: {e}")
        return 2
    except KeyboardInterrupt:
        on_stderr(f"stopped; {kept}")
        return 130
    return 0
