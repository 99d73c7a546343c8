"""The command line: parse, call, print. Exit status 0 done, 2 bad input, 130 interrupted."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from minimalbp._version import __version__
from minimalbp.cli import data, env, train
from minimalbp.errors import BadInput, Diverged


class Parser(argparse.ArgumentParser):
    """argparse with one line for a mistake, and the nearest known name in it."""

    def error(self, message: str) -> NoReturn:
        message = message.removeprefix("argument ")
        for typed in message.replace("unrecognized arguments: ", "").replace("'", " ").split():
            near = difflib.get_close_matches(typed, self._known(), n=1)
            if near and near[0] != typed and typed in sys.argv + message.split("'"):
                message += f"; did you mean {near[0]}?"
                break
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")

    def _known(self) -> list[str]:
        names = [option for action in self._actions for option in action.option_strings]
        return names + [str(c) for action in self._actions for c in action.choices or ()]


def main(argv: Sequence[str] | None = None) -> int:
    """Run `minimalbp` with these arguments (default: those of the process); returns the exit status."""
    parser = Parser(prog="minimalbp", description=(__doc__ or "").splitlines()[0], allow_abbrev=False)
    parser.description = "Minimal-effort back propagation: train with it, and measure it."
    parser.add_argument("--version", action="version", version=f"minimalbp {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in (train, data, env):
        command.add_parser(commands)
    try:
        args = parser.parse_args(argv)
    except SystemExit as stop:  # argparse has printed what there is to say
        return int(stop.code or 0)
    try:
        return args.run(args)
    except (BadInput, Diverged) as e:
        print(f"minimalbp: {' '.join(str(e).split())}", file=sys.stderr)
        return 2
    except MemoryError:
        print("minimalbp: not enough memory; use smaller --hidden or --batch", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("minimalbp: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of stdout has left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
