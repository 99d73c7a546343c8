"""What subcommands that train have in common: the options of the settings, a TOML file of them, a run to resume."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from ..errors import BadInput, Diverged
from ..tasks import TASKS
from .numbers import as_number, as_whole

OUTPUT = ("out", "json")  # what a configuration file may hold beside the settings, and each command's own


def defaults(setting: str, own: str = "defaults") -> str:
    """The defaults of a setting in words: that of the first task, then of each task that has another.

    own: the attribute of a task that comes first, such as "simplify_defaults".
    """
    values = {name: {**task.defaults, **getattr(task, own)}[setting] for name, task in TASKS.items()}
    first, *others = values.items()
    words = [_in_words(first[1]), *(f"{name} {_in_words(v)}" for name, v in others if v != first[1])]
    return "; ".join(words)


def _in_words(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return text.replace("%", "%%")  # argparse formats its help


def add_settings(parser: argparse.ArgumentParser, own: str = "defaults") -> None:
    """Add an option for every setting, by the names of `Settings`. own: as for `defaults`."""
    add = parser.add_argument
    add("--task", help=f"{next(iter(TASKS))} (default), or, on a treebank, {' or '.join(list(TASKS)[1:])}")
    add(
        "--data",
        help="digits (default), mnist, fashion-mnist, or a path: folder, .npz, .csv; "
        "on text ud-english-ewt (default), or CoNLL-U: a file, or a folder of three",
    )
    add("--hidden", metavar="N,N", help=f"widths of the hidden layers (default {defaults('hidden')})")
    add(
        "--k",
        metavar="K",
        help="units that get a gradient: 25, or 5%% of the layer, or of each gate "
        f"(default {defaults('k', own)})",
    )
    add("--select", help="topk (default), unified, random, random-scaled, dense")
    add("--optimizer", help="adam (default), adagrad, sgd")
    add("--rows", help="rows that the optimiser updates: all (default, the papers), chosen")
    add(
        "--lr",
        type=as_number,
        help=f"learning rate (default: {_learning_rates()})",
    )
    add("--epochs", type=as_whole, help=f"default {defaults('epochs', own)}")
    add(
        "--batch",
        type=as_whole,
        help=f"pictures, sentences or transitions in a mini-batch (default {defaults('batch')})",
    )
    add(
        "--dropout",
        type=as_number,
        help="probability after each hidden layer, of a tagger the embedding too "
        f"(default {defaults('dropout', own)})",
    )
    add(
        "--clip", type=as_number, help="limit of each entry of a gradient (the authors' code: 5; default off)"
    )
    add("--init", help="glorot_uniform (default), glorot_normal, he, meprop_wide")
    add(
        "--evals",
        type=as_whole,
        help=f"evaluations on the dev set in each epoch (default {defaults('evals')})",
    )
    add("--tags", help="of a treebank: xpos, column 5 (default), or upos, column 4")
    add("--bidirectional", action="store_true", help="a tagger that reads each sentence both ways")
    add("--seed", type=as_whole, help="of weights, order of examples, dropout, random-k (default 0)")
    add("--backend", help="cpu (default), reference")
    add("--threads", type=as_whole, help="cores to use (default all)")
    add("--config", metavar="FILE.toml", help="the same names in a file; options here override it")


def _learning_rates() -> str:
    """The default learning rates in words, by optimiser."""
    first, *others = TASKS.values()
    return "; ".join(
        ", ".join([f"{optimizer} {rate:g}", *(f"{task.name} {task.learning_rates[optimizer]:g}" for task in others
                                              if task.learning_rates[optimizer] != rate)])
        for optimizer, rate in first.learning_rates.items()
    )  # fmt: skip


def add_output(parser: argparse.ArgumentParser, *, files: str, may_change: str) -> None:
    """Add --out, --resume and --json."""
    add = parser.add_argument
    add("--out", metavar="DIR", help=f"a new folder for {files}")
    add("--resume", metavar="DIR", help=f"go on with the run in DIR; only {may_change} may change")
    add("--json", action="store_true", help="print one JSON object and nothing else")


def given_settings(args: argparse.Namespace) -> dict[str, Any]:
    """The settings on the command line."""
    from ..experiment.settings import Settings

    for name in ("out", "resume", "config"):
        if getattr(args, name, None) == "":
            raise BadInput(f"--{name} must name a {'file' if name == 'config' else 'folder'}, not ''")
    return {f.name: getattr(args, f.name) for f in fields(Settings) if hasattr(args, f.name)}


def read_options(
    args: argparse.Namespace, switches: tuple[str, ...], own: tuple[str, ...] = ()
) -> tuple[dict[str, Any], Path | None, bool, list[bool]]:
    """(settings and the command's own options, --out, --json, switches), the command line over the TOML file.

    Raises BadInput for a file that cannot be read, an unknown name in it, or what is not true or false there.
    """
    from ..experiment.settings import read_toml

    more = (*OUTPUT, *switches)
    typed = {name: value for name, value in vars(args).items() if name in (*more, *own)}
    both = (
        (read_toml(args.config, (*more, *own)) if hasattr(args, "config") else {})
        | given_settings(args)
        | typed
    )
    values = [both.pop(name, None) for name in more]
    for name, value in zip(more, values):
        kind = str if name == "out" else bool
        if value is not None and not isinstance(value, kind):
            raise BadInput(f"{name} must be {'text' if kind is str else 'true or false'}, not {value!r}")
    where, as_json, *on = values
    if where and "\0" in where:
        raise BadInput(f"out must name a folder, not {where!r}")
    return both, Path(where) if where else None, bool(as_json), [bool(value) for value in on]


def resumed(args: argparse.Namespace, keys: tuple[str, ...], may_change: tuple[str, ...]) -> tuple[Any, ...]:
    """(run.json, its settings, those asked for now) of the run in --resume DIR.

    keys: what makes run.json one of this command. Raises BadInput for a folder without such a run, and for settings
    other than those that may change.
    """
    from ..backend import cores
    from ..experiment.settings import Settings
    from ..files import read_json

    folder, given = Path(args.resume), given_settings(args)
    if hasattr(args, "out") or hasattr(args, "config"):
        raise BadInput("--resume DIR goes on with the run in DIR: leave out --out and --config")
    if not (folder / "run.json").is_file():
        raise BadInput(
            f"{folder} holds no run to resume: there is no run.json; start one with --out and a new folder"
        )
    report = read_json(folder / "run.json")
    try:
        threads = min(report["config"]["threads"], cores())  # another machine may have fewer
        before = Settings(**report["config"] | {"threads": given.get("threads", threads)})
        [report[key] for key in keys], report["data"]["sha256"]
    except (KeyError, TypeError) as e:
        raise BadInput(
            f"{folder / 'run.json'} is not that of a training run of minimalbp {args.command}; "
            "start one with --out DIR"
        ) from e
    now = before.changed(**given)
    for name in given:
        if name not in may_change and getattr(now, name) != getattr(before, name):
            words = " and ".join(f"--{option}" for option in may_change)
            raise BadInput(
                f"the run in {folder} has {name} = {getattr(before, name)}; only {words} may change"
            )
    return report, before, now


def finish(
    train: Callable[[], dict[str, Any]],
    out: Path | None,
    command: str,
    as_json: bool,
    table: Callable[[Any], str],
) -> int:
    """Run `train`, print its notes and its report; the exit status, 130 for Ctrl-C."""
    from ..experiment.folder import Folder

    try:
        report = train()
    except KeyboardInterrupt:
        print(f"minimalbp: {Folder(out, command).interrupted()}", file=sys.stderr)
        return 130
    except Diverged as e:
        if out is not None:
            raise Diverged(f"{e}, and another --out: resumed, {out} would diverge again") from e
        raise
    for note in sorted({n for r in report["runs"] for n in r["notes"]}):
        print(f"minimalbp: note: {note}", file=sys.stderr)
    print(json.dumps(report) if as_json else table(report))
    return 0
