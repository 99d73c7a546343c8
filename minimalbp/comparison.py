"""The same network trained dense and with a selector: same initial weights, same order of examples."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from . import weights
from .assembly import AnyData, build, sizes_of
from .checkpoint import read_checkpoint
from .data import Dataset
from .errors import BadInput
from .feed import feed
from .files import read_json, replacing, write_json
from .losses import SoftmaxCrossEntropy
from .measure.machine import machine
from .measure.meter import Meter
from .run import train_step
from .scoring import History, Record
from .select import Dense, Selector
from .settings import Settings
from .streams import Streams
from .training import check_fit, check_resume, fit

BACKWARD = ("select", "dw", "dx", "other")
VOCABULARIES = "vocabularies.json"  # what a tagger or parser knows beside its weights


def compare(
    settings: Settings,
    data: AnyData,
    *,
    dense: bool = True,
    out: Path | None = None,
    resume: bool = False,
    progress: bool = False,
) -> dict[str, Any]:
    """Train both networks and report, as `minimalbp train --json` prints it.

    data: as `load_data(settings)` brings them.
    dense: whether to train the dense network too. out: a folder for run.json, metrics.jsonl, and a checkpoint
    and the best weights of each run; resume: go on from those. Raises BadInput and Diverged as `fit` does, and
    BadInput where `data` are not those of the resumed run.
    """
    settings, notes = _clipped(settings, data)
    arms: list[tuple[str, Selector]] = [("dense", Dense())] if dense or settings.select == "dense" else []
    if settings.select != "dense":
        arms.append((settings.arm(), settings.selector()))
    report: dict[str, Any] = {
        "data": _describe(data),
        "config": settings.as_json(),
        "sizes": sizes_of(settings, data if isinstance(data, Dataset) else data.task),
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
    if out is not None and not isinstance(data, Dataset):
        write_json(out / VOCABULARIES, data.task.as_json())
    metrics = {name: _kept(out, name) for name, _ in arms}
    for name, select in arms:
        result = _train(settings, data, name, select, out, resume, progress, metrics)
        report["runs"].append(result | {"notes": [*result["notes"], *notes]})
    if len(arms) == 2:
        report["speedup"] = speedup(*(run["seconds"] for run in report["runs"]))
    if out is not None:
        write_json(out / "run.json", report)
    return report


def _clipped(settings: Settings, data: AnyData) -> tuple[Settings, list[str]]:
    """A parser's mini-batch is no larger than the data, which a treebank of a user's own may be: with a note."""
    n = len(data.train)
    if settings.task != "parsing" or settings.batch <= n:
        return settings, []
    note = f"batch = {settings.batch} is larger than the training part: clipped to its {n} transitions"
    return settings.changed(batch=n), [note]


def speedup(dense: dict[str, float], sparse: dict[str, float]) -> dict[str, float]:
    """How many times faster the second is: its backward (select, dW, dx, other) and its whole step."""
    backward = [sum(seconds[p] for p in BACKWARD) for seconds in (dense, sparse)]
    return {"backward": backward[0] / backward[1], "step": dense["total"] / sparse["total"]}


def _train(
    settings: Settings,
    data: AnyData,
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
        **({} if best.dev_las is None else {"dev_las": best.dev_las, "test_las": best.test_las}),
        "steps": meter.steps,
        **meter.totals(),
        "notes": net.notes(),
    }


def _reopen(
    out: Path, report: dict[str, Any], settings: Settings, data: AnyData, arms: list[tuple[str, Selector]]
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


def _warm_up(settings: Settings, data: AnyData, select: Selector) -> None:
    """A step of each size of batch, on a network that is thrown away: compiling is no part of a step's time."""
    net, optimizer = build(settings, data, select)
    loss = SoftmaxCrossEntropy().bind(net.be, net.dtype)
    with net.be.threads(settings.threads), np.errstate(all="ignore"):
        for x, labels, lengths in feed(data.train, net, Streams(settings.seed)).trials(settings.batch):
            train_step(net, loss, optimizer, x, labels, lambda phase: None, lengths)


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
        json.dumps({"run": name, **_line(record)})
        for name, history in metrics.items()
        for record in history.records
    ]
    with replacing(path) as temporary:
        temporary.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def _line(record: Record) -> dict[str, Any]:
    """A record without what only parsers have, where it has none."""
    return {key: v for key, v in vars(record).items() if v is not None or not key.endswith("_las")}


def _describe(data: AnyData) -> dict[str, Any]:
    if not isinstance(data, Dataset):
        return data.describe()
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
