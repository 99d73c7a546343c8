"""The GraphChallenge's inference: made again or read, checked, timed, and beside other sparse code."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..backend import Array, Backend, check_threads, get_backend
from ..cost.peers import clipped_products, peer_threads
from ..errors import BadInput, check_int
from ..measure.machine import check_memory, peak_memory
from ..topology import Challenge, category_text
from ..topology.graphchallenge import CEILING, DEPTHS, challenge
from ..train.progress import Progress
from .challenge_inputs import FAN_IN, Inputs, made_inputs, made_layers, read_inputs, read_layers
from .challenge_rivals import survivors
from .challenge_tables import PER_EDGE, PER_NODE, Tables, in_pieces, layers_at_a_time

REPEATS, ENOUGH = 5, 5.0  # at most so many runs, and none after so many seconds; the median counts
QUICK = 6e10  # edges really processed, up to which others run unless told: a quarter of a minute of scipy's
WARM = 130  # images that compile the kernels: more than one panel for each of two threads
ALL = 60_000  # images of the challenge
FLOAT = 4  # bytes
PER_PIXEL = 64  # bytes of a pixel of an image that is read: a triple of float64, and what checks it


def graphchallenge(
    neurons: int = 1024,
    layers: int = 120,
    *,
    files: str | os.PathLike[str] | None = None,
    data: str | os.PathLike[str] = "mnist",
    threads: int | None = None,
    compare: bool | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Run the inference of the sparse-DNN GraphChallenge, check its categories, and time it.

    Each edge has a weight of its own, and the kernel does not use that the challenge's are all equal. Images whose
    activations are all 0 are left out of further layers, here and in the other libraries alike. So two rates are
    told: that of the challenge counts every edge for every image, and the other one those for images that live.

    Parameters
    ----------
    neurons : int, default 1024
        1024, 4096, 16384 or 65536.
    layers : int, default 120
        At most 1920. The challenge has 120, 480 and 1920.
    files : path, optional
        A folder of the challenge's files, unpacked: sparse-images-1024.tsv, the layers n1024-l1.tsv and so on,
        there or in neuron1024, and neuron1024-l120-categories.tsv, if there is one. By default layers and images
        are made again.
    data : str or path, default "mnist"
        Of which the images are made: MNIST, or a folder of IDX files with pictures of 28 x 28.
    threads : int, optional
        By default all cores.
    compare : bool, optional
        Whether scipy's CSR and PyTorch's sparse_csr run too. By default where that takes less than a minute or so.
    progress : bool, default False
        Whether to show a bar on a terminal.

    Returns
    -------
    dict
        Ready for JSON. "categories" is how many images have an active output, "categories_sha256" that of their
        list as a file, and "ok" whether it is the right one (None where nothing is known of it). "seconds" is the
        median of the inference, from images as rows of bytes to categories. Rates are in edges per second.

    Raises
    ------
    BadInput
        For a size that the challenge does not have, files that cannot be read, and sizes that need more memory
        than there is.

    References
    ----------
    Kepner et al., "Sparse Deep Neural Network Graph Challenge" (arXiv 1909.05631).
    """
    known = challenge(neurons)
    if check_int("layers", layers, least=1) > DEPTHS[-1]:
        raise BadInput(f"layers must be at most {DEPTHS[-1]}, not {layers}")
    threads = check_threads(threads)
    folder = None if files is None else _folder(files)
    if compare and layers > (most := layers_at_a_time(neurons)):
        raise BadInput(
            f"other libraries need all layers at once, at most {most} of {neurons} neurons, not {layers}; use "
            "fewer layers, or leave out the comparison"
        )
    check_memory(
        needed(known, layers, threads, folder is not None),
        f"a network of {neurons} x {layers}",
        "fewer neurons or layers",
    )
    began = time.perf_counter()
    with Progress("images" if progress and folder is None else None, total=known.side) as bar:
        inputs = (
            made_inputs(data, known, bar.advance) if folder is None else read_inputs(folder, known, layers)
        )
    made, be = time.perf_counter() - began, get_backend("cpu")
    with Progress("layers" if progress else None, total=layers) as bar:
        source = made_layers(known, layers) if folder is None else read_layers(folder, known, layers)
        parts = in_pieces(source, layers, known, be, bar.advance)
        answer = _infer(be, parts, inputs.x, layers, threads)
    sha256 = category_text(answer.left)[1]
    images, of_layer = len(inputs.x), FAN_IN * neurons
    edges, processed = of_layer * layers, of_layer * (images + sum(answer.live[:-1]))
    others = _others(answer, inputs, threads, compare, processed)
    report: dict[str, Any] = {
        "neurons": neurons, "layers": layers, "images": images, "threads": threads, "edges": edges,
        "categories": len(answer.left), "categories_sha256": sha256, **_verdict(answer.left, inputs, known, layers),
        "seconds": answer.seconds, "runs": answer.runs, "edges_per_second": images * edges / answer.seconds,
        "edges_processed": processed, "edges_processed_per_second": processed / answer.seconds,
    }  # fmt: skip
    for name, library in (("scipy", "scipy CSR"), ("torch", "PyTorch sparse_csr")):
        took = others.get(library)
        report |= {f"{name}_seconds": took, f"{name}_edges_per_second": took and images * edges / took}
    return report | {
        "made": "files" if folder else str(data), "images_seconds": made, "layers_seconds": answer.making,
        "pieces": answer.pieces, "memory": peak_memory(), "live": answer.live,
    }  # fmt: skip


class _Answer:
    """What the inference found, and what it took. tables: those of all layers, if they are one piece."""

    def __init__(self) -> None:
        self.left, self.live = np.zeros(0, np.int64), list[int]()
        self.seconds = self.making = 0.0
        self.runs = self.pieces = 0
        self.tables: Tables | None = None


def _infer(be: Backend, parts: Any, x: Array, depth: int, threads: int) -> _Answer:
    """All images through all layers. The layers of one piece run several times, unless it takes long."""
    answer, ids, n = _Answer(), np.arange(len(x)), x.shape[1]
    clock = time.perf_counter
    began = clock()
    for tables in parts:
        answer.making += clock() - began
        done = len(answer.live) + len(tables)
        y = be.empty(
            (0 if done == depth else len(x), n), "float32"
        )  # only rows of images that live take memory
        alive, live = np.empty(len(x), bool), np.empty(len(tables), np.int64)
        call = partial(be.sparse.chain, y, alive, live, x, *tables.arrays(), CEILING)
        whole = len(tables) == depth
        with be.threads(threads):
            few = x[:WARM]
            be.sparse.chain(y[:WARM], alive[:WARM], live, few, *tables.arrays(), CEILING)
            seconds = _seconds(call, REPEATS if whole else 1)
        answer.seconds += float(np.median(seconds))
        answer.runs, answer.pieces = len(seconds), answer.pieces + 1
        answer.live += live.tolist()
        ids, x = ids[alive], y[alive] if done < depth else x
        answer.tables = tables if whole else None
        began = clock()
    answer.left = ids
    return answer


def _seconds(call: Callable[[], Any], most: int) -> list[float]:
    """The seconds of some runs: at most so many, and no further one after ENOUGH."""
    found: list[float] = []
    while len(found) < most and sum(found) < ENOUGH:
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return found


def _others(
    answer: _Answer, inputs: Inputs, threads: int, compare: bool | None, processed: int
) -> dict[str, float]:
    """Seconds of the other libraries, whose categories must be ours."""
    if compare is None:
        compare = processed <= QUICK
    if not compare or answer.tables is None:
        return {}
    layers = [clipped_products(w, b, CEILING) for w, b in zip(answer.tables.matrices(), answer.tables.b)]
    found = {}
    for library in layers[0]:
        calls = [products[library] for products in layers]

        def checked(library: str = library, calls: list[Any] = calls) -> None:
            if not np.array_equal(survivors(calls, inputs.x), answer.left):
                raise RuntimeError(f"{library} finds other categories; please report it")

        with _threads_of(library, threads):
            found[library] = float(np.median(_seconds(checked, REPEATS)))
    return found


def _threads_of(library: str, threads: int) -> AbstractContextManager[None]:
    return peer_threads(threads, "PyTorch" if library.startswith("PyTorch") else "NumPy")


def _verdict(left: Array, inputs: Inputs, known: Challenge, depth: int) -> dict[str, Any]:
    """Whether the categories are right, and what they were compared with."""
    if inputs.categories is not None:
        return {"ok": list(inputs.categories) == left.tolist(), "checked": "the list in the file"}
    if not inputs.official or depth < DEPTHS[0] or known.categories is None:
        return {"ok": None, "checked": None}
    if known.sha256 is not None:
        return {"ok": category_text(left)[1] == known.sha256, "checked": "SHA-256 of the list"}
    return {"ok": len(left) == known.categories, "checked": "number of categories"}


def needed(known: Challenge, depth: int, threads: int, files: bool) -> float:
    """Bytes at most: images, tables of layers, results between two pieces of layers, panels that wait.

    files: whether images are read from triples, which take more memory than to make them.
    """
    n, at_a_time = known.neurons, min(depth, layers_at_a_time(known.neurons))
    before = PER_PIXEL * known.nonzeros if files else 0.4e9 + 60 * ALL * known.side
    tables = at_a_time * n * (FAN_IN * PER_EDGE + PER_NODE)
    between = ALL * n * FLOAT / 4 if at_a_time < depth else 0  # a quarter of all images, many more than live
    panels = threads * 40 * 128 * n
    return ALL * n + max(before, tables + between + panels)


def _folder(files: str | os.PathLike[str]) -> Path:
    folder = Path(os.path.expanduser(files))
    if "\0" in str(folder) or not folder.is_dir():
        raise BadInput(
            f"files must name a folder of the challenge's files, unpacked; there is none at {files}"
        )
    return folder
