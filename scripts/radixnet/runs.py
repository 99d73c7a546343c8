"""One network trained by one recipe and scored: a file that is found again by what made it."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from common.command import commit

import minimalbp as mbp
from minimalbp.files import read_json, write_json

from .networks import Net
from .recipe import Recipe, train
from .work import multiply_adds

Run = dict[str, Any]
TRIED = 1000  # examples of a forward pass when the answers are looked at
LOST = 0.01  # a class is lost when fewer of its examples are recognised


def wanted(net: Net, recipe: Recipe, data: str, seed: int) -> Run:
    """What tells a run from others; the name of its arm is no part of it, so tables share runs."""
    settings = {"net": net.as_json(), "recipe": recipe.as_json(), "data": data, "seed": seed}
    found: Run = json.loads(json.dumps(settings))  # lists for tuples, as a file has them
    return found


def path_of(folder: Path, settings: Run) -> Path:
    """The file of a run: a few words, and a hash of all that made it."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]
    return folder / f"{settings['net']['graph']}-seed{settings['seed']}-{digest}.json"


def trained(net: Net, recipe: Recipe, data: str, seed: int, folder: Path) -> Run:
    """The run, from its file if it is there, otherwise trained now. A loss that runs away is a result too."""
    settings = wanted(net, recipe, data, seed)
    kept = path_of(folder, settings)
    if kept.exists():
        found: Run = read_json(kept)
        if found.get("settings") == settings:
            return found
    dataset, began = mbp.load_dataset(data), time.perf_counter()
    built = net.build(seed, relu_on_logits=recipe.relu_on_logits)
    run: Run = {"settings": settings, "parameters": sum(p.value.size for p in built.parameters())}
    try:
        train(built, dataset.train, recipe, seed)
    except mbp.Diverged as e:
        run["diverged"] = str(e)
    else:
        score = mbp.evaluate(built, dataset.test, threads=1)
        run |= {"test_accuracy": score.accuracy, "test_loss": score.loss}
        logits = answers(built, dataset.test.x)
        run["dead"] = dead_logits(logits) if recipe.relu_on_logits else 0
        run["lost"] = lost_classes(logits, dataset.test.y)
        first = slice(0, recipe.batch)
        run["work"] = multiply_adds(built, dataset.train.x[first], dataset.train.y[first])
    run |= {"seconds": round(time.perf_counter() - began, 1), "machine": mbp.machine(), "commit": commit()}
    write_json(kept, run)
    return run


def answers(net: mbp.Sequential, x: np.ndarray) -> np.ndarray:
    """The outputs of the network for all examples."""
    with net.be.threads(1):
        return np.concatenate([net(x[i : i + TRIED]) for i in range(0, len(x), TRIED)])


def dead_logits(logits: np.ndarray) -> int:
    """Outputs behind ReLU that are zero for every example: no gradient reaches them."""
    return int((logits <= 0).all(axis=0).sum())


def lost_classes(logits: np.ndarray, labels: np.ndarray) -> int:
    """Classes of which hardly any example is recognised."""
    right = logits.argmax(axis=1) == labels
    return sum(bool(right[labels == c].mean() < LOST) for c in np.unique(labels))
