"""What the GraphChallenge starts from: images and layers, made again from MNIST or read from the official files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..backend import Array
from ..data.formats.idx import is_idx_folder, parse_idx, read_idx_folder
from ..data.known.read import read_known
from ..data.known.registry import KNOWN
from ..errors import BadInput, short
from ..topology import Bipartite, Challenge, challenge_images, challenge_layers, read_triples
from ..topology.graphchallenge import WEIGHT

Layer = tuple[Bipartite, Array]  # a graph, and the weight of each of its edges
Tick = Callable[[], None]
IMAGES = "train-images-idx3-ubyte"
FAN_IN = 32  # of each neuron of the challenge
MOST_IMAGES = 1_000_000  # a wrong number in a file must not ask for all memory


@dataclass(frozen=True)
class Inputs:
    """The images of one size as numbers, and what is known of their categories.

    Parameters
    ----------
    x : uint8 or float32 (images, neurons)
    official : bool
        Whether the images are those of the challenge.
    categories : tuple of int or None
        The list in a file, numbered from 0.
    """

    x: Array
    official: bool
    categories: tuple[int, ...] | None = None


def made_inputs(data: Any, known: Challenge, tick: Tick) -> Inputs:
    """Images made of MNIST's training images. data: "mnist", or a folder of IDX files. Raises BadInput."""
    images, official = training_images(data)
    maximum = known.maximum if official else None
    x = challenge_images(images, known.side, maximum=maximum, tick=tick).view(np.uint8)
    return Inputs(x, official and int(np.count_nonzero(x)) == known.nonzeros)


def training_images(data: Any) -> tuple[Array, bool]:
    """The training images (count, 28, 28), and whether they are MNIST's, by their hash. Raises BadInput."""
    mnist = KNOWN["mnist"]
    if data == mnist.name:
        raw, _ = read_known(mnist)
        return parse_idx(raw[IMAGES], IMAGES), True
    if not isinstance(data, (str, os.PathLike)) or not os.fspath(data) or "\0" in os.fspath(data):
        raise BadInput(f"data must be mnist or a folder of IDX files, not {short(data)}")
    folder = Path(os.path.expanduser(data))
    if not os.path.isdir(folder) or not is_idx_folder(folder):
        raise BadInput(
            f"data must be mnist, or a folder with {IMAGES} and its labels, not {short(str(data))}"
        )
    read = read_idx_folder(folder)
    expected = {file.name: file.sha256 for file in mnist.files}[IMAGES]
    return read.parts["train"][0], read.sha256[IMAGES] == expected


def made_layers(known: Challenge, depth: int) -> Iterator[Layer]:
    """The layers of the challenge, one at a time."""
    for graph in challenge_layers(known.neurons, depth):
        yield graph, np.full(graph.n_edges, WEIGHT, np.float32)


def read_inputs(folder: Path, known: Challenge, depth: int) -> Inputs:
    """Images and categories in a folder of official files. Raises BadInput."""
    n = known.neurons
    path = folder / f"sparse-images-{n}.tsv"
    row, column, value = read_triples(_there(path))
    if column.max() >= n:
        raise BadInput(f"{path} has a pixel {column.max() + 1}, but images of {n} neurons end at {n}")
    if row.max() >= MOST_IMAGES:
        raise BadInput(f"{path} has an image {row.max() + 1}; at most {MOST_IMAGES} can be read")
    if value.min() < 0:
        raise BadInput(f"{path} has a pixel of {value.min():g}; pixels must be at least 0")
    x = np.zeros((int(row.max()) + 1, n), np.uint8 if np.isin(value, (0, 1)).all() else np.float32)
    x[row, column] = value
    official = len(x) == 60_000 and int(np.count_nonzero(x)) == known.nonzeros
    return Inputs(x, official, _read_categories(folder / f"neuron{n}-l{depth}-categories.tsv"))


def read_layers(folder: Path, known: Challenge, depth: int) -> Iterator[Layer]:
    """The layers in a folder of official files, one at a time. Raises BadInput."""
    n = known.neurons
    for i in range(1, depth + 1):
        yield read_layer(_layer_file(folder, n, i), n)


def _layer_file(folder: Path, n: int, layer: int) -> Path:
    """Layer files are called n1024-l1.tsv, in a folder neuron1024, or as their folder is."""
    names = [f"n{n}-l{layer}.tsv", f"neuron{n}-l{layer}.tsv"]
    found = [home / name for home in (folder / f"neuron{n}", folder) for name in names]
    return next((path for path in found if path.is_file()), folder / names[0])


def read_layer(path: Path, n: int) -> Layer:
    """One layer of n -> n with its weights. Raises BadInput for one that is no layer of the challenge."""
    source, target, value = read_triples(_there(path))
    for what, nodes in (("input", source), ("output", target)):
        if nodes.max() >= n:
            raise BadInput(f"{path} has an {what} {nodes.max() + 1}, but layers of {n} neurons end at {n}")
    if len(value) != FAN_IN * n:
        raise BadInput(
            f"{path} has {len(value)} edges, but a layer of {n} neurons has {FAN_IN * n}; it may be cut short"
        )
    order = np.lexsort((source, target))
    graph = Bipartite.from_edges(n, n, source[order], target[order])
    return graph, value[order].astype(np.float32)


def _there(path: Path) -> Path:
    if not path.is_file():
        raise BadInput(f"there is no file {path}; the challenge's files must lie there, unpacked")
    return path


def _read_categories(path: Path) -> tuple[int, ...] | None:
    """The images in a list of categories, numbered from 0; None where there is no file."""
    if not path.exists():
        return None
    try:
        found = tuple(
            int(line.split()[0]) - 1 for line in path.read_text(encoding="utf-8").splitlines() if line.strip()
        )
    except (OSError, ValueError) as e:
        raise BadInput(f"{path} must hold a whole number in each line: {' '.join(str(e).split())}") from e
    return found
