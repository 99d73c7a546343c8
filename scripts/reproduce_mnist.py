"""MNIST as in the meProp paper: dense, top-k, random-k and a k-wide net, with the seeds the paper lacks.

784-500-500-10 (or 784-20-20-10), ReLU, pixels / 255, dev = the first 5,000 training images, batch 10, Adam 1e-3,
20 epochs, eight looks at the dev set per epoch, test accuracy at the best of them. For one seed all arms share the
order of examples, and those of equal shape their initial weights. Each finished run is kept in --out, so that the
script goes on where it was stopped. Writes mnist.json; the tables in docs and README come from it (tables.py).

    python scripts/reproduce_mnist.py                 5 seeds, about an hour on two cores
    python scripts/reproduce_mnist.py --smoke         digits, 2 seeds, 2 epochs: under a minute
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from scipy.stats import sem

import minimalbp as mbp

WIDE, NARROW = (500, 500), (20, 20)
# name: hidden widths, selector, rows that the optimiser updates
ARMS = {
    "dense h=500": (WIDE, mbp.Dense(), "all"),
    "top-k k=20": (WIDE, mbp.TopK(20), "all"),
    "top-k k=20, chosen rows": (WIDE, mbp.TopK(20), "chosen"),
    "top-k k=80": (WIDE, mbp.TopK(80), "all"),
    "top-k k=80, chosen rows": (WIDE, mbp.TopK(80), "chosen"),
    "random k=20": (WIDE, mbp.RandomK(20), "all"),
    "random k=20, chosen rows": (WIDE, mbp.RandomK(20), "chosen"),
    "dense h=20": (NARROW, mbp.Dense(), "all"),
}


def run(name: str, seed: int, data: str, epochs: int) -> dict:
    """One training; what is reported of it, and the curve of its dev accuracy at the end of each epoch."""
    hidden, select, rows = ARMS[name]
    dataset = mbp.load_dataset(data)
    net = mbp.mlp([dataset.n_inputs, *hidden, dataset.n_classes], select=select, rng=seed)
    optimizer = mbp.Adam(net.parameters(), lr=1e-3, rows=rows)
    began = time.perf_counter()
    history = mbp.fit(net, dataset, optimizer, epochs=epochs, batch_size=10, rng=seed, threads=1)
    best, last = history.best, {r.epoch: r for r in history.records}
    return {
        "name": name, "seed": seed, "data": data, "epochs": epochs,
        "dev_accuracy": best.dev_accuracy, "test_accuracy": best.test_accuracy, "test_loss": best.test_loss,
        "best_epoch": best.epoch, "seconds": time.perf_counter() - began,
        "dev_by_epoch": [r.dev_accuracy for r in last.values()],
        "train_loss_by_epoch": [r.train_loss for r in last.values()],
    }  # fmt: skip


def summary(runs: list[dict]) -> list[dict]:
    """Mean and standard error over seeds of each arm, in the order of ARMS."""
    rows = []
    for name in ARMS:
        mine = [r for r in runs if r["name"] == name]
        row = {"name": name, "hidden": list(ARMS[name][0]), "select": ARMS[name][1].describe(),
               "rows": ARMS[name][2], "seeds": len(mine)}  # fmt: skip
        for key in ("dev_accuracy", "test_accuracy", "test_loss", "best_epoch"):
            values = [r[key] for r in mine]
            row[key] = {"mean": float(np.mean(values)), "se": float(sem(values))}
        rows.append(row)
    return rows


@cache
def code() -> str:
    """A hash of the package's source: a run that is kept counts only for the code that made it."""
    package, total = Path(mbp.__file__).parent, hashlib.sha256()
    kernels = Path(mbp.get_backend("reference").linear.__file__).parent.parent
    for path in sorted([*package.rglob("*.py"), *kernels.rglob("*.py")]):
        total.update(path.read_bytes())
    return total.hexdigest()[:16]


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time, each on one thread")
    parser.add_argument("--out", type=Path, default=Path("runs/mnist"), help="finished runs, one file each")
    parser.add_argument("--to", type=Path, default=Path("docs/results/mnist.json"))
    parser.add_argument("--smoke", action="store_true", help="digits, 2 seeds, 2 epochs")
    args = parser.parse_args(argv)
    if args.smoke:
        args.data, args.seeds, args.epochs = "digits", 2, 2
        args.to = args.out / "smoke.json"  # never over the real figures
    args.out.mkdir(parents=True, exist_ok=True)
    jobs, done = [], []
    for seed in range(args.seeds):
        for name in ARMS:
            key = f"{args.data}/{args.epochs}/{seed}/{name}/{code()}"
            path = args.out / (hashlib.sha256(key.encode()).hexdigest()[:16] + ".json")
            if path.exists():
                done.append(json.loads(path.read_text()))
            else:
                jobs.append((path, name, seed))
    print(f"{len(done)} runs are done, {len(jobs)} to do", file=sys.stderr)
    with ProcessPoolExecutor(args.jobs, mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(run, name, seed, args.data, args.epochs): path for path, name, seed in jobs}
        for i, future in enumerate(as_completed(futures), 1):
            result, path = future.result(), futures[future]
            temporary = path.with_suffix(".tmp")
            temporary.write_text(json.dumps(result))
            os.replace(temporary, path)
            done.append(result)
            print(
                f"{i}/{len(jobs)} {result['name']}, seed {result['seed']}: dev {result['dev_accuracy']:.4f} "
                f"test {result['test_accuracy']:.4f} epoch {result['best_epoch']}, {result['seconds']:.0f} s",
                file=sys.stderr,
            )
    done.sort(key=lambda r: (list(ARMS).index(r["name"]), r["seed"]))
    report = {
        "command": f"python scripts/reproduce_mnist.py --data {Path(args.data).name} --seeds {args.seeds} "
        f"--epochs {args.epochs}",
        "data": args.data, "epochs": args.epochs, "batch": 10, "optimizer": "adam", "lr": 1e-3,
        "init": "glorot_uniform", "threads_per_run": 1, "seeds": list(range(args.seeds)),
        "code": code(), "machine": mbp.machine(), "arms": summary(done), "runs": done,
    }  # fmt: skip
    args.to.parent.mkdir(parents=True, exist_ok=True)
    temporary = args.to.with_suffix(".tmp")
    temporary.write_text(json.dumps(report, indent=1) + "\n")
    os.replace(temporary, args.to)


if __name__ == "__main__":
    main()
