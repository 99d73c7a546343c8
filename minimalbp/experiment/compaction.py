"""What a pruning leaves, made small: packed, proved equal to the network with zeros, saved, and timed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..network import Sequential, weights
from ..prune import PrunedLayer, measure, pack, prove, save_packed, theoretical, unpack
from ..train.batches import first

COMPACT, DENSE = "compact", "dense.safetensors"  # what stands in the folder of the run
PROVED, TIMED = 50, 64  # test examples on which the two networks are compared, and timed
SECONDS = 0.5  # of timing, for each layer and each network


def compaction(
    net: Sequential,
    pruned: list[PrunedLayer],
    data: Any,
    *,
    fold_batchnorm: bool,
    timed: bool,
    threads: int | None,
    out: Path | None,
) -> dict[str, Any]:
    """Pack a pruned network, prove that it computes the same, time it if `timed`, and save it.

    Returns "difference", "all_layers", "speedup" and "layers" of run.json, where "measured" is None unless `timed`.
    Raises BadInput where a file cannot be written, and Unequal where the two networks differ.
    """
    packed = pack(net, fold_batchnorm=fold_batchnorm)
    difference = prove(net, packed, first(data.test, PROVED)[0])
    x, _ = first(data.test, TIMED)
    if timed:
        facts = measure(net, packed, x, threads=threads, seconds=SECONDS)
    else:
        facts = theoretical(net, packed, x.shape[1:])
    if out is not None:  # last, so that what differs is not kept
        save_packed(packed, out / COMPACT)
        weights.save(unpack(packed), out / DENSE)
    layers = {layer["name"]: layer for layer in facts["layers"]}
    return {
        "difference": difference,
        "all_layers": facts["net"]["all_layers"],
        "speedup": {
            "theoretical": facts["net"]["theoretical"],
            "measured": facts["net"].get("measured"),
        },
        "layers": [
            {"name": one.name, "groups": one.n, "pruned": one.pruned,
             "theoretical": layers[one.name]["theoretical"], "measured": layers[one.name].get("measured")}
            for one in pruned
        ],
    }  # fmt: skip
