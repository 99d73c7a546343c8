"""What a pruning leaves, made small: packed, proven equal to the network with zeros, saved, and timed."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from ..network import Sequential, weights
from ..prune import PrunedLayer
from ..prune.theory import speedup, work
from ..train.batches import first

COMPACT, DENSE = "compact", "dense.safetensors"  # what stands in the folder of the run
PROVEN, TIMED = 50, 64  # test examples on which the two networks are compared, and timed
SECONDS = 0.5  # of timing, for each layer and each network


def compaction(
    net: Sequential,
    pruned: list[PrunedLayer],
    data: Any,
    *,
    fold_batchnorm: bool,
    measure: bool,
    threads: int | None,
    out: Path | None,
) -> dict[str, Any]:
    """Pack a pruned network, prove that it computes the same, save it, and time it if `measure`.

    Returns {"difference", "speedup", "layers"} for run.json. measured is None without `measure`. Raises BadInput
    where a file cannot be written, and the error of `prove` where the two networks differ.
    """
    x, _ = first(data.test, PROVEN)
    net(x)  # so that all layers know their sizes
    counts = work(net)
    found: dict[str, Any] = {
        "difference": None,
        "speedup": {"theoretical": speedup(net), "measured": None},
        "layers": [
            {"name": one.name, "groups": one.n, "pruned": one.pruned,
             "theoretical": counts[one.name][0] / max(counts[one.name][1], 1), "measured": None}
            for one in pruned
        ],
    }  # fmt: skip
    tools: Any = importlib.import_module("minimalbp.prune")
    if not hasattr(tools, "pack"):
        if out is not None:
            weights.save(net, out / DENSE)
        return found
    packed = tools.pack(net, fold_batchnorm=fold_batchnorm)
    found["difference"] = tools.prove(net, packed, np.asarray(x))
    if out is not None:
        tools.save_packed(packed, out / COMPACT)
        weights.save(tools.unpack(packed), out / DENSE)
    if measure:
        timed = tools.measure(net, packed, first(data.test, TIMED)[0], threads, SECONDS)
        found["speedup"]["measured"] = timed["net"]["measured"]
        by_name = {layer["name"]: layer["measured"] for layer in timed["layers"]}
        for layer in found["layers"]:
            layer["measured"] = by_name.get(layer["name"])
    return found
