"""Topologies in files: scipy's sparse arrays (.npz), edge lists, and the GraphChallenge's triples (.tsv).

All of them have rows for inputs and columns for outputs, as in y = x W.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..errors import BadInput, check_int, unknown
from ..files import replacing
from .base import Topology
from .bipartite import Bipartite
from .edge_files import read_edges, read_matrix, read_triples, write_edges, write_matrix, write_triples

__all__ = ["read_topology", "read_triples", "write_topology"]

EDGES = (".edges", ".txt", ".csv")
SUFFIXES = (".npz", ".tsv", *EDGES)
KINDS = ("npz", "tsv", "edges")  # of a folder


def write_topology(topology: Topology, path: str | Path, kind: str = "npz", value: float = 1) -> None:
    """Write a topology, whole or not at all.

    Parameters
    ----------
    topology : Topology
        Of any layers.
    path : str or Path
        A file that ends in .edges, .txt or .csv takes all layers; one that ends in .npz or .tsv takes a single
        layer. Anything else is a new folder with a file for each layer.
    kind : str, default "npz"
        Of the files in a folder: "npz", "tsv" or "edges".
    value : float, default 1
        Of each edge in a .tsv; the GraphChallenge has 1/16.

    Raises
    ------
    BadInput
        For a folder that holds something, another kind, several layers in a file that takes one, and where
        nothing can be written.

    Examples
    --------
    >>> import tempfile
    >>> from minimalbp.topology import radix_net
    >>> net = radix_net([[2, 2]], [1, 2, 1])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_topology(net, f"{folder}/net.edges")
    ...     write_topology(net, f"{folder}/net", kind="tsv")
    ...     read_topology(f"{folder}/net.edges"), read_topology(f"{folder}/net")
    (Topology(4-8-4, 32 edges, density 0.5), Topology(4-8-4, 32 edges, density 0.5))
    """
    path = Path(path)
    if path.suffix in EDGES:
        with replacing(path) as temporary:
            write_edges(temporary, topology.sizes, topology.layers, path.suffix == ".csv")
    elif path.suffix in SUFFIXES:
        if len(topology) > 1:
            raise BadInput(
                f"{path.name} can hold one layer, not {len(topology)}; give the name of a folder, or of a file "
                "that ends in .edges"
            )
        with replacing(path) as temporary:
            _write_layer(topology[0], temporary, path.suffix, value)
    else:
        if kind not in KINDS:
            raise unknown("kind of file", kind, KINDS)
        _write_folder(topology, path, kind, value)


def _write_layer(layer: Bipartite, path: Path, suffix: str, value: float) -> None:
    if suffix == ".npz":
        write_matrix(path, layer)
    elif suffix == ".tsv":
        write_triples(path, layer, value)
    else:
        write_edges(path, (layer.n_in, layer.n_out), (layer,), False)


def _write_folder(topology: Topology, path: Path, kind: str, value: float) -> None:
    """Write a folder beside the new one, and rename it when it is whole."""
    temporary = path.parent / f".{path.name}.{os.getpid()}.tmp"
    try:
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise BadInput(f"{path} is there already and holds something; give the name of a new folder")
        temporary.mkdir(parents=True)
        for i, layer in enumerate(topology, 1):
            _write_layer(layer, temporary / f"layer{i}.{kind}", f".{kind}", value)
        os.replace(temporary, path)
    except OSError as e:
        raise BadInput(f"cannot write {path}: {e.strerror or e}; choose another folder with room") from e
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def read_topology(path: str | Path, sizes: Sequence[int] | None = None, depth: int | None = None) -> Topology:
    """Read a topology from a file or a folder.

    Parameters
    ----------
    path : str or Path
        An .npz of scipy.sparse; a .tsv of triples (input, output, value), numbered from 1, where edges of value 0
        are left out; a list of edges (.edges, .txt, .csv) with the columns input, output, or layer, input, output,
        where layers are numbered from 1 and nodes from 0; or a folder with one such file for each layer, which
        the last number in its name puts in order.
    sizes : sequence of int, optional
        Nodes of each node layer, where the file does not say it. By default they end at the last node that has
        an edge.
    depth : int, optional
        How many layers of a folder to read; by default all.

    Returns
    -------
    Topology

    Raises
    ------
    BadInput
        For files that cannot be read, and layers that do not fit.
    """
    path = Path(path)
    if depth is not None and not path.is_dir():
        raise BadInput(f"depth is for a folder of layers, and {path} is none; leave it out")
    if path.is_dir():
        read = [_read_file(file) for file in _layer_files(path, depth)]
        if len(read) > 1 and any(len(layers) > 1 for layers in read):
            raise BadInput(
                f"a file in {path} holds several layers; give one file for each, or that file alone"
            )
        parts = [part for layers in read for part in layers]
    else:
        parts = _read_file(path)
    try:
        return _fit(parts, sizes)
    except BadInput as e:
        raise BadInput(f"cannot use {path}: {e}") from e


def _layer_files(folder: Path, depth: int | None) -> list[Path]:
    """The files of the layers in a folder, in order."""
    found = [file for file in folder.iterdir() if file.suffix in SUFFIXES and file.name[0] != "."]
    if len({file.suffix for file in found}) != 1:
        kinds = ", ".join(sorted({file.suffix for file in found})) or "none"
        raise BadInput(
            f"{folder} needs files of one kind ({', '.join(SUFFIXES)}), one for each layer, not of {kinds}"
        )
    if len(found) == 1 and depth is None:
        return found
    numbered: dict[int, Path] = {}
    for file in found:
        digits = re.findall(r"\d+", file.stem)
        if not digits or int(digits[-1]) in numbered:
            raise BadInput(
                f"the name of {file} needs a number of its own that says which layer it is, as layer1{file.suffix}"
            )
        numbered[int(digits[-1])] = file
    first = min(numbered)
    count = len(numbered) if depth is None else check_int("depth", depth, least=1)
    for number in range(first, first + count):
        if number not in numbered:
            raise BadInput(f"{folder} holds {len(found)} layers, but no layer {number}")
    return [numbered[number] for number in range(first, first + count)]


@dataclass(frozen=True)
class _Part:
    """The edges of one layer; its sizes, where the file says them."""

    source: Any
    target: Any
    sizes: tuple[int, int] | None

    def size(self, side: int) -> tuple[int | None, int]:
        """The size of a side, if it is known, and the least that the edges need."""
        needed = int((self.source, self.target)[side].max(initial=0)) + 1
        return self.sizes[side] if self.sizes else None, needed


def _read_file(path: Path) -> list[_Part]:
    if path.suffix not in SUFFIXES:
        raise BadInput(f"a topology is a folder, or a file that ends in {', '.join(SUFFIXES)}, not {path}")
    if path.suffix == ".npz":
        matrix = read_matrix(path).tocoo()
        there = matrix.data != 0
        return [_Part(matrix.row[there], matrix.col[there], matrix.shape)]
    if path.suffix == ".tsv":
        source, target, value = read_triples(path)
        return [_Part(source[value != 0], target[value != 0], None)]
    layers, sizes = read_edges(path, path.suffix == ".csv")
    pairs = list(pairwise(sizes)) if sizes else [None] * len(layers)
    return [_Part(*edges, pair) for edges, pair in zip(layers, pairs)]


def _fit(parts: Sequence[_Part], sizes: Sequence[int] | None) -> Topology:
    """Layers of edges with sizes that fit each other: those given, those that files say, or the least."""
    if sizes is not None and len(sizes) != len(parts) + 1:
        raise BadInput(f"{len(parts)} layers of edges need {len(parts) + 1} sizes, not {len(sizes)}")
    ends = [(part.size(0), part.size(1)) for part in parts]
    layers = []
    for i, (part, ((n_in, first), (n_out, last))) in enumerate(zip(parts, ends)):
        before, known_before = (ends[i - 1][1][1], ends[i - 1][1][0]) if i else (1, None)
        after, known_after = (ends[i + 1][0][1], ends[i + 1][0][0]) if i + 1 < len(ends) else (1, None)
        if sizes is not None:
            n_in, n_out = sizes[i], sizes[i + 1]
        n_in = next((n for n in (n_in, known_before) if n is not None), max(first, before))
        n_out = next((n for n in (n_out, known_after) if n is not None), max(last, after))
        layers.append(Bipartite.from_edges(n_in, n_out, part.source, part.target))
    return Topology(layers)
