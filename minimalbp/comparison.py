"""The same network trained dense and with a selector: same initial weights, same order of examples."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from . import weights
from .checkpoint import read_checkpoint
from .data import Dataset
from .errors import BadInput
from .files import read_json, replacing, write_json
from .losses import SoftmaxCrossEntropy
from .measure.machine import check_memory, machine
from .measure.meter import Meter
from .network import Sequential, mlp
from .optim import OPTIMIZERS, Optimizer
from .scoring import History, Record
from .select import Dense, Selector
from .settings import Settings
from .training import check_fit, check_resume, fit, train_step

BACKWARD = ("select", "dw", "dx", "other")


def build(settings: Settings, data: Dataset, select: Selector) -> tuple[Sequential, Optimizer]:
    """The network and the optimiser that `settings` ask for, with `select` in every hidden layer."""
    sizes = [data.n_inputs, *settings.hidden, data.n_classes]
    _check_memory(sizes)
    net = mlp(
        sizes, select=select, dropout=settings.dropout, init=settings.init,
        rng=settings.seed, backend=settings.backend,
    )  # fmt: skip
    options: dict[str, Any] = {"lr": settings.lr, "rows": settings.rows}
    if settings.clip is not None:
        options["clip"] = settings.clip
    optimizer = OPTIMIZERS[settings.optimizer](net.parameters(), **options)
    return net, optimizer


def compare(
    settings: Settings,
    data: Dataset,
    *,
    dense: bool = True,
    out: Path | None = None,
    resume: bool = False,
    progress: bool = False,
) -> dict[str, Any]:
    """Train both networks and report, as `minimalbp train --json` prints it.

    dense: whether to train the dense network too. out: a folder for run.json, metrics.jsonl, and a checkpoint
    and the best weights of each run; resume: go on from those. Raises BadInput and Diverged as `fit` does, and
    BadInput where `data` are not those of the resumed run.
    """
    arms: list[tuple[str, Selector]] = [("dense", Dense())] if dense or settings.select == "dense" else []
    if settings.select != "dense":
        arms.append((settings.arm(), settings.selector()))
    report: dict[str, Any] = {
        "data": _describe(data),
        "config": settings.as_json(),
        "machine": machine(),
        "threads": settings.threads,
        "pools": {},
        "seed": settings.seed,
        "dense": dense,
        "runs": [],
        "speedup": {"backward": None, "step": None},
    }
    net = build(settings, data, Dense())[0]
    check_fit(net, data, settings.batch)  # before anything is written
    with net.be.threads(settings.threads) as pools:
        report["pools"] = pools
    if out is not None and resume:
        _reopen(out, report, settings, data, arms)
    elif out is not None:
        _open(out, report)
    metrics = {name: _kept(out, name) for name, _ in arms}
    for name, select in arms:
        result = _train(settings, data, name, select, out, resume, progress, metrics)
        report["runs"].append(result)
    if len(arms) == 2:
        report["speedup"] = speedup(*(run["seconds"] for run in report["runs"]))
    if out is not None:
        write_json(out / "run.json", report)
    return report


def speedup(dense: dict[str, float], sparse: dict[str, float]) -> dict[str, float]:
    """How many times faster the second is: its backward (select, dW, dx, other) and its whole step."""
    backward = [sum(seconds[p] for p in BACKWARD) for seconds in (dense, sparse)]
    return {"backward": backward[0] / backward[1], "step": dense["total"] / sparse["total"]}


def _train(
    settings: Settings,
    data: Dataset,
    name: str,
    select: Selector,
    out: Path | None,
    resume: bool,
    progress: bool,
    metrics: dict[str, History],
) -> dict[str, Any]:
    _warm_up(settings, data, select)
    net, optimizer = build(settings, data, select)
    meter = Meter()
    stem = out / file_stem(name) if out else None
    checkpoint = stem.with_suffix(".checkpoint.npz") if stem else None

    def keep(record: Record) -> None:
        metrics[name].records.append(record)
        if out is not None and stem is not None:
            _write_metrics(out / "metrics.jsonl", metrics)
            if record.test_accuracy is not None:
                weights.save(net, stem.with_suffix(".safetensors"))

    resume = resume and checkpoint is not None and checkpoint.exists()
    history = fit(
        net, data, optimizer,
        epochs=settings.epochs, batch_size=settings.batch, rng=settings.seed, evals_per_epoch=settings.evals,
        callbacks=[keep], meter=meter, checkpoint=checkpoint, resume=resume, threads=settings.threads,
        progress=name if progress else None,
    )  # fmt: skip
    metrics[name] = history
    if out is not None:
        _write_metrics(out / "metrics.jsonl", metrics)
    best = history.best
    return {
        "name": name,
        "select": select.describe(),
        "dev_accuracy": best.dev_accuracy,
        "test_accuracy": best.test_accuracy,
        "best_epoch": best.epoch,
        "dev_loss": best.dev_loss,
        "test_loss": best.test_loss,
        "steps": meter.steps,
        **meter.totals(),
        "notes": net.notes(),
    }


def _reopen(
    out: Path, report: dict[str, Any], settings: Settings, data: Dataset, arms: list[tuple[str, Selector]]
) -> None:
    """Go on in a folder. Raises BadInput for what cannot be gone on with, before anything there is touched."""
    before = read_json(out / "run.json")
    if before["data"]["sha256"] != report["data"]["sha256"]:
        raise BadInput(f"{out} was trained on other data than {report['data']['name']} holds now")
    known = {f"{file_stem(name)}.checkpoint.npz": select for name, select in arms}
    for path in sorted(out.glob("*.checkpoint.npz")):
        if path.name not in known:
            runs = ", ".join(name for name, _ in arms)
            raise BadInput(f"{path} belongs to no run of {out / 'run.json'} ({runs}); was that file edited?")
        net, optimizer = build(settings, data, known[path.name])
        check_resume(
            net, data, optimizer, path,
            batch_size=settings.batch, rng=settings.seed, evals_per_epoch=settings.evals,
        )  # fmt: skip
    # With its new number of epochs, should this be stopped as well; the old results stay until there are new.
    write_json(out / "run.json", report | {key: before.get(key, report[key]) for key in ("runs", "speedup")})


def _kept(out: Path | None, name: str) -> History:
    """The records of a run up to its checkpoint; none without one."""
    path = out / f"{file_stem(name)}.checkpoint.npz" if out else None
    if path is None or not path.exists():
        return History()
    return History([Record(**r) for r in read_checkpoint(path)[1]["training"].get("history", [])])


def _warm_up(settings: Settings, data: Dataset, select: Selector) -> None:
    """A step of each size of batch, on a network that is thrown away: compiling is no part of a step's time."""
    net, optimizer = build(settings, data, select)
    loss = SoftmaxCrossEntropy().bind(net.be, net.dtype)
    with net.be.threads(settings.threads), np.errstate(all="ignore"):
        for size in {settings.batch, len(data.train) % settings.batch or settings.batch}:
            x, labels = net.prepare(data.train.x[:size]), np.asarray(data.train.y[:size], np.int32)
            train_step(net, loss, optimizer, x, labels, lambda phase: None)


def _check_memory(sizes: list[int]) -> None:
    """Refuse a network whose weights, moments and gradients do not fit."""
    per_weight = 24  # bytes: float32 w, dw, m, v, and w in float64 when drawn
    need = per_weight * sum(a * b for a, b in pairwise(sizes))
    check_memory(need, f"a network of {'-'.join(map(str, sizes))}", "smaller --hidden")


def _open(out: Path, report: dict[str, Any]) -> None:
    """Claim the folder, which is empty or new. Raises BadInput for any other."""
    try:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise BadInput(f"{out} is already in use; give a new folder, or go on with --resume {out}")
        out.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise BadInput(f"cannot make the folder {out}: {e.strerror or e}; choose another") from e
    write_json(out / "run.json", report)


def file_stem(name: str) -> str:
    """The name of a run as the beginning of its files' names: "topk 5%" is "topk-5pct"."""
    return name.replace(" ", "-").replace("%", "pct").replace(".", "_")


def _write_metrics(path: Path, metrics: dict[str, History]) -> None:
    """One line for each look at the dev set, the runs one after another."""
    lines = [
        json.dumps({"run": name, **vars(record)})
        for name, history in metrics.items()
        for record in history.records
    ]
    with replacing(path) as temporary:
        temporary.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def _describe(data: Dataset) -> dict[str, Any]:
    parts = {part: len(getattr(data, part)) for part in ("train", "dev", "test")}
    return {"name": data.name, "source": data.source, "sha256": data.sha256, **parts,
            "shape": list(data.shape), "classes": data.n_classes}  # fmt: skip


def interrupted(out: Path | None) -> str:
    """What to tell a user who pressed Ctrl-C."""
    if out is None:
        return "interrupted; nothing was kept, since no --out was given"
    with suppress(OSError):
        if any(out.glob("*.checkpoint.npz")):
            return f"interrupted; the last checkpoint is kept, go on with: minimalbp train --resume {out}"
        if (out / "run.json").exists():
            return f"interrupted before the first checkpoint; go on with: minimalbp train --resume {out}"
    return f"interrupted before anything was kept; {out} can be used again"
