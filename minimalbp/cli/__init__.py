"""The command line: parse, call, print. Exit status 0 done, 1 a check failed, 2 bad input, 130 interrupted."""

from __future__ import annotations

import argparse
import difflib
import io
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from .. import __version__
from ..errors import BadInput, Diverged
from . import annotate, cost, data, env, prune, simplify, topology, train

ABOUT = "Minimal-effort back propagation: train with it, and measure it."


class Parser(argparse.ArgumentParser):
    """argparse with errors of one line, which has the nearest known name. Options must be typed in full."""

    def __init__(self, **options: Any):
        super().__init__(**{"allow_abbrev": False} | options)

    def error(self, message: str) -> NoReturn:
        message = message.removeprefix("argument ")
        if message.startswith("unrecognized arguments: "):
            typed, known = message.split()[2].split("=")[0], self._options()
        else:
            typed, known = [*message.split("'"), ""][1], self._choices()
        near = [n for n in difflib.get_close_matches(typed, known, n=1) if n != typed]
        hint = f"; did you mean {near[0]}?" if near else ""
        self.exit(2, f"{self.prog}: {' '.join(message.split())}{hint} (see {self.prog} --help)\n")

    def _options(self) -> list[str]:
        """Every option of this parser and of its subcommands."""
        mine = [option for action in self._actions for option in action.option_strings]
        return mine + [o for sub in self._commands() for o in sub._options()]

    def _choices(self) -> list[str]:
        return [str(c) for action in self._actions for c in action.choices or ()]

    def _commands(self) -> list[Parser]:
        found = [a.choices.values() for a in self._actions if isinstance(a.choices, dict)]
        return [p for values in found for p in values if isinstance(p, Parser)]


def main(argv: Sequence[str] | None = None) -> int:
    """Run `minimalbp` with these arguments (default: those of the process); returns the exit status."""
    parser = Parser(prog="minimalbp", description=ABOUT)
    parser.add_argument("--version", action="version", version=f"minimalbp {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in (train, annotate, cost, simplify, prune, topology, data, env):
        command.add_parser(commands)
    try:
        args = parser.parse_args(argv)
    except SystemExit as stop:  # argparse has printed what there is to say
        return int(stop.code or 0)
    if sys.stdout is None:
        print("minimalbp: stdout is closed, so nothing can be printed; open it", file=sys.stderr)
        return 2
    if isinstance(sys.stdout, io.TextIOWrapper):  # so that tables print on terminals that lack a character
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = args.run(args)
        sys.stdout.flush()  # so that a full disk is noticed here
        return int(status)
    except (BadInput, Diverged) as e:
        print(f"minimalbp: {' '.join(str(e).split())}", file=sys.stderr)
        return 2
    except MemoryError:
        print("minimalbp: not enough memory; use smaller --hidden, --batch or --sizes", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("minimalbp: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of stdout has left, as `head` does
        _drop_stdout()
        return 0
    except OSError as e:
        if e.filename is not None:
            print(
                f"minimalbp: {e.filename}: {e.strerror}; check the path and its permissions", file=sys.stderr
            )
            return 2
        print(f"minimalbp: {e.strerror or e}; what was to be printed is lost", file=sys.stderr)
        _drop_stdout()
        return 2


def _drop_stdout() -> None:
    """Send what is left for stdout to the null device, since Python flushes once more when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
