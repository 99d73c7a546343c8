"""What `train` and `simplify` have in common: options for the settings, a TOML file of them, a run to resume."""

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
from .defaults import by_model, by_words, defaults, learning_rates
from .numbers import float_or_text, int_or_text

OUTPUT = ("out", "json")  # a configuration file may hold these too


def add_settings(parser: argparse.ArgumentParser, own: str = "defaults") -> None:
    """Add an option for every setting, by the names of `Settings`. `own` is as for `defaults`."""
    add = parser.add_argument
    add("--task", help=f"{', '.join(TASKS)} (default {next(iter(TASKS))})")
    add("--data", help="; ".join(f"{names}: {words}" for words, names in by_words("data_help").items()))
    add("--model", help="the network of the task classify: mlp (default), or for pictures lenet or convnet")
    add(
        "--hidden",
        metavar="N,N",
        help=f"widths of the hidden layers (default {defaults('hidden', own)}{by_model('hidden', own)}); of lenet "
        "and convnet, of the hidden Linear layers, or none",
    )
    add(
        "--topology",
        metavar="KIND",
        help="sparse hidden layers of an mlp: radix, random, regular, bernoulli or cayley, as in minimalbp "
        "topology, or a file or folder of edges (default none)",
    )
    add("--density", metavar="P", help="share of edges of a topology, such as 10%% (default 10%%)")
    add("--filters", metavar="N,N", help=f"filters of each convolution (default {by_model('filters')[2:]})")
    add("--batchnorm", action="store_true", help="batch normalisation after each convolution")
    add(
        "--cut",
        help="with --batchnorm: a convolution's gradient is cut after (default) or before its backward pass",
    )
    add(
        "--k",
        metavar="K",
        help="units that get a gradient in each layer, such as 25 or 5%%; in an LSTM, in each gate "
        f"(default {defaults('k', own)}{by_model('k', own)})",
    )
    add(
        "--k-schedule",
        metavar="K@EPOCH,...",
        help="when k changes: 10%%@2,5%%@5 is 10%% after two epochs, 5%% after five (not in simplify)",
    )
    add(
        "--select",
        help="selector: topk or sample, the same (default; with none of --select, --k, --center and --rows a "
        "classifier is trained with the best rule too), batch, unified, random, random-scaled, systematic, "
        "systematic-batch, threshold, threshold-batch, signs, bottom or dense; of convolutions also positions "
        "or channels",
    )
    add(
        "--center",
        help="running mean of the inputs of hidden layers: off (default, as in the papers), dw (without "
        "it in dW) or forward (in the forward pass too)",
    )
    add("--optimizer", help="adam (default), adagrad or sgd")
    add("--momentum", type=float_or_text, help="of the optimizer sgd (default 0)")
    add("--rows", help="rows that the optimiser updates: all (default, as in the papers) or chosen")
    add("--lr", type=float_or_text, help=f"learning rate (default {learning_rates()})")
    add(
        "--schedule",
        help="learning rate over the training: constant (default), linear or cosine (falls to 0), or step (times "
        "0.1 at half of it, again at three quarters)",
    )
    add(
        "--warmup",
        type=int_or_text,
        metavar="STEPS",
        help="steps in which the learning rate rises (default 0)",
    )
    add(
        "--epochs",
        type=int_or_text,
        help=f"passes over the training part (default {defaults('epochs', own)}{by_model('epochs', own)})",
    )
    add(
        "--batch",
        type=int_or_text,
        help="pictures, sentences or transitions in a mini-batch "
        f"(default {defaults('batch', own)}{by_model('batch', own)})",
    )
    add(
        "--augment",
        metavar="HOW",
        help="pictures of the training part: crop4 moves each by up to 4 pixels, flip mirrors half of them, "
        "crop4,flip does both (default none)",
    )
    add(
        "--dropout",
        type=float_or_text,
        help="probability of dropout after each hidden layer, in a tagger after the embedding too "
        f"(default {defaults('dropout', own)})",
    )
    add(
        "--clip",
        type=float_or_text,
        help="limit of each entry of a gradient (default none; the authors' code has 5)",
    )
    add("--init", help="initial weights: glorot_uniform (default), glorot_normal, he or meprop_wide")
    add(
        "--evals",
        type=int_or_text,
        help=f"evaluations on the dev set in each epoch (default {defaults('evals', own)}{by_model('evals', own)})",
    )
    add("--tags", help="tags of a treebank: xpos, column 5 (default), or upos, column 4")
    add("--bidirectional", action="store_true", help="a tagger that reads sentences in both directions")
    add("--seed", type=int_or_text, help="of weights, order of examples, dropout and random-k (default 0)")
    add("--backend", help="cpu (default) or reference")
    add("--threads", type=int_or_text, help="cores to use (default all)")
    add(
        "--config",
        metavar="FILE.toml",
        help="a file with these options by name; the command line overrides it",
    )


def add_output(parser: argparse.ArgumentParser, *, files: str, may_change: str) -> None:
    """Add --out, --resume and --json."""
    add = parser.add_argument
    add("--out", metavar="DIR", help=f"a new folder for {files}")
    add("--resume", metavar="DIR", help=f"go on with the run in DIR; only {may_change} may change")
    add("--json", action="store_true", help="print one JSON object and nothing else")


def typed_settings(args: argparse.Namespace) -> dict[str, Any]:
    """The settings on the command line."""
    from ..experiment.settings import Settings

    for name in ("out", "resume", "config"):
        if getattr(args, name, None) == "":
            raise BadInput(f"--{name} must name a {'file' if name == 'config' else 'folder'}, not ''")
    return {f.name: getattr(args, f.name) for f in fields(Settings) if hasattr(args, f.name)}


def read_options(
    args: argparse.Namespace, switches: tuple[str, ...], own: tuple[str, ...] = ()
) -> tuple[dict[str, Any], Path | None, bool, list[bool]]:
    """The settings and the command's own options, then --out, --json and the switches.

    The command line overrides the TOML file. Raises BadInput for a file that cannot be read, an unknown name in it,
    and a switch in it that is not true or false.
    """
    from ..experiment.config_file import read_toml

    more = (*OUTPUT, *switches)
    typed = {name: value for name, value in vars(args).items() if name in (*more, *own)}
    both = (
        (read_toml(args.config, (*more, *own)) if hasattr(args, "config") else {})
        | typed_settings(args)
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
    """run.json of the run in --resume DIR, its settings, and the settings asked for now.

    A run.json with `keys` is one of this command. Raises BadInput for a folder without such a run, and for a change
    of settings that are not in `may_change`.
    """
    from ..backend import cores
    from ..experiment.settings import Settings
    from ..files import read_json

    folder, typed = Path(args.resume), typed_settings(args)
    if hasattr(args, "out") or hasattr(args, "config"):
        raise BadInput("--resume DIR goes on with the run in DIR; leave out --out and --config")
    if not (folder / "run.json").is_file():
        raise BadInput(
            f"{folder} holds no run to resume, since there is no run.json; start one with --out and a new folder"
        )
    report = read_json(folder / "run.json")
    try:
        threads = min(report["config"]["threads"], cores())  # another machine may have fewer
        before = Settings(**report["config"] | {"threads": typed.get("threads", threads)})
        [report[key] for key in keys], report["data"]["sha256"]
    except (KeyError, TypeError) as e:
        raise no_run(folder, args.command) from e
    now = before.changed(**typed)
    for name in typed:
        if name not in may_change and getattr(now, name) != getattr(before, name):
            words = " and ".join(f"--{option}" for option in may_change)
            raise BadInput(
                f"the run in {folder} has {name} = {getattr(before, name)}; only {words} may change"
            )
    return report, before, now


def no_run(folder: Path, command: str) -> BadInput:
    """The error for a run.json that this command did not write."""
    return BadInput(
        f"{folder / 'run.json'} is not that of a training run of minimalbp {command}; start one with --out DIR"
    )


def finish(
    train: Callable[[], dict[str, Any]],
    out: Path | None,
    command: str,
    as_json: bool,
    table: Callable[[Any], str],
    draw: Callable[[Any], None] = lambda report: None,
) -> int:
    """Run `train`, print its notes and its report, and draw. Returns the exit status, 130 for Ctrl-C."""
    from ..experiment.folder import Folder

    try:
        report = train()
    except KeyboardInterrupt:
        print(f"minimalbp: {Folder(out, command).interrupted()}", file=sys.stderr)
        return 130
    except Diverged as e:
        if out is not None:
            raise Diverged(f"{e}, and another --out, since {out} would diverge again when resumed") from e
        raise
    for note in sorted({n for r in report["runs"] for n in r["notes"]}):
        print(f"minimalbp: note: {note}", file=sys.stderr)
    print(json.dumps(report) if as_json else table(report))
    draw(report)
    return 0
