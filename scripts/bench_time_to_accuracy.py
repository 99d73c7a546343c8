"""Seconds of training until the dev set first reaches a target: ours, dense and sparse, beside PyTorch's dense.

784-500-500-10 on MNIST with Adam, for several sizes of batch and seeds. Every training of a seed starts from the
same weights, sees the examples in the same order, and is evaluated eight times in each epoch until it reaches the
target. Evaluations and compiling do not count. The arms take turns, seed by seed, and threads fall asleep before
another library's turn. Finished seeds are kept, so a stopped benchmark goes on where it was. PyTorch's arm needs
PyTorch.

    python scripts/bench_time_to_accuracy.py --to docs/results/time_to_accuracy.json
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from bench import markdown
from bench.accuracy import PEER, measure, names
from bench.options import start_report
from common.command import on_stderr, status
from common.reproduce import write

import minimalbp as mbp
from minimalbp.errors import check_float, check_int
from minimalbp.experiment import KeptRuns, merged_machine
from minimalbp.files import check_writable

SMOKE = {"data": "digits", "hidden": (50,), "epochs": 3, "seeds": 2, "batch": [10], "target": 80.0}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0], allow_abbrev=False)
    add = parser.add_argument
    add("--target", type=float, default=97.5, help="dev accuracy to reach, in percent")
    add("--data", default="mnist")
    add("--batch", type=int, nargs="+", default=[10, 64], help="sizes of mini-batches")
    add("--epochs", type=int, default=20, help="after which a training has not reached it")
    add("--seeds", type=int, default=5)
    add("--threads", type=int, default=2)
    add("--out", type=Path, help="finished seeds (default runs/time_to_accuracy)")
    add("--fresh", action="store_true", help="throw away the kept seeds first")
    add("--to", type=Path, help="write the JSON there")
    add("--smoke", action="store_true", help="a small network on digits, for seconds")
    args = parser.parse_args(argv)
    args.hidden = (500, 500)
    with tempfile.TemporaryDirectory() as folder:
        if args.smoke:
            vars(args).update(SMOKE)
            args.out = args.out or Path(folder)
        args.out = args.out or Path("runs/time_to_accuracy")
        return status(lambda: run(args, argv), f"finished seeds are kept in {args.out}")


def run(args: argparse.Namespace, argv: list[str] | None) -> None:
    """Check, measure what is not kept, print, write. Raises BadInput."""
    check_int("seeds", args.seeds, least=1)
    target = round(check_float("target", args.target, 1, 100, open_low=True) / 100, 10)
    if args.to:
        check_writable(args.to)
    base = mbp.Settings(
        data=args.data,
        hidden=args.hidden,
        epochs=args.epochs,
        evals=8,
        select="dense",
        k="5%",
        threads=args.threads,
    )
    wanted = [
        base.changed(batch=batch, seed=seed)
        for seed in range(args.seeds)
        for batch in dict.fromkeys(args.batch)
    ]
    kept, data = KeptRuns(args.out), mbp.load_data(base)
    for settings in wanted:
        if settings.batch > len(data.train.y):
            raise mbp.BadInput(f"a batch of {settings.batch} is larger than the {len(data.train.y)} examples")
    if args.fresh:
        kept.forget(wanted)
    missing = [settings for settings in wanted if not done(kept.get(settings), target)]
    on_stderr(f"{len(wanted) - len(missing)} seeds are done, {len(missing)} to do")
    for i, settings in enumerate(missing, 1):
        measured = measure(settings, data, target)
        kept.put(measured)
        said = (f"{name} {r['seconds']:.2f} s" if r["seconds"] else f"{name} never"
                for name, r in measured["arms"].items())  # fmt: skip
        on_stderr(f"{i}/{len(missing)} batch {settings.batch}, seed {settings.seed}: {', '.join(said)}")
    report = summary([kept_run for settings in wanted if (kept_run := kept.get(settings))])
    report = start_report("bench_time_to_accuracy", argv, args) | report
    print(markdown.accuracy_table(report))
    if args.to:
        write(args.to, report)


def done(found: dict[str, Any] | None, target: float) -> bool:
    """Whether a kept seed holds every arm that can be trained here, up to this target."""
    return found is not None and found["target"] == target and set(names()) <= set(found["arms"])


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """What time_to_accuracy.json holds besides the command: for each batch and arm the median, and all values.

    A training that never reached the target counts as infinitely long; such a median is None.
    """
    batches: dict[str, dict[str, Any]] = {}
    for one in runs:
        for name, result in one["arms"].items():
            if name not in names():
                continue  # of a library that is not installed here
            arms = batches.setdefault(str(one["settings"]["batch"]), {})
            arms.setdefault(name, []).append(result)
    first = runs[0]["settings"]
    return {
        "data": first["data"], "hidden": list(first["hidden"]), "target": runs[0]["target"],
        "epochs": first["epochs"], "evals": first["evals"], "seeds": len({one["settings"]["seed"] for one in runs}),
        "threads": first["threads"], "machine": merged_machine(runs), "torch": runs[0]["torch"],
        "commits": sorted({str(one["commit"]) for one in runs}), "peer": PEER,
        "batches": {batch: {name: _of_arm(results) for name, results in arms.items()}
                    for batch, arms in batches.items()},
        "by_seed": runs,
    }  # fmt: skip


def _of_arm(results: list[dict[str, Any]]) -> dict[str, Any]:
    seconds = [result["seconds"] for result in results]
    median = float(np.median([np.inf if value is None else value for value in seconds]))
    trained = [result for result in results if "diverged" not in result]
    return {
        "seconds": median if np.isfinite(median) else None, "values": seconds,
        "epochs": [result.get("epochs") for result in results],
        "step": float(np.median([r["trained"] / r["steps"] for r in trained])) if trained else None,
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
