"""The picture of a topology: its graph above, the matrix of each layer below."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..files import replacing
from ..topology import Bipartite, Topology
from .curves_figure import check_figure

MOST_LAYERS = 8  # that are drawn
MOST_LINES = 2000  # edges of a layer that are drawn; of more, one in so many
CELLS = 400  # of a matrix along a side; larger ones are drawn as shares of edges


def draw_topology(topology: Topology, path: str | Path) -> None:
    """Draw the graph and the matrices of the first layers.

    The red edges are the paths from the middle input.

    Parameters
    ----------
    topology : Topology
        Of any layers. Of more than 8 the first 8 are drawn.
    path : str or Path
        Of the figure, by its suffix .png, .svg or .pdf. It is written whole or not at all.

    Raises
    ------
    BadInput
        For another suffix, and where the file cannot be written.
    """
    from matplotlib.figure import Figure

    path = check_figure(path)
    layers = topology.layers[:MOST_LAYERS]
    figure = Figure(figsize=(max(6.0, 2.4 * len(layers)), 6.4), layout="constrained")
    grid = figure.add_gridspec(2, len(layers), height_ratios=(3, 2))
    above = figure.add_subplot(grid[0, :])
    _graph(above, layers)
    left_out = "" if len(layers) == len(topology) else f", the first {len(layers)} of {len(topology)} layers"
    above.set_title(f"{topology.n_edges:,} edges, density {topology.density:.3g}{left_out}", fontsize=10)
    for i, layer in enumerate(layers):
        _matrix(figure.add_subplot(grid[1, i]), layer, i + 1)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=120, format=path.suffix[1:])


def _graph(panel: Any, layers: tuple[Bipartite, ...]) -> None:
    """Node layers as columns of points, edges as lines. Each column is as high as any other."""
    from matplotlib.collections import LineCollection

    sizes = [layers[0].n_in, *(layer.n_out for layer in layers)]
    reached = np.arange(sizes[0]) == sizes[0] // 2
    for i, layer in enumerate(layers):
        source, target = layer.source, layer.target
        red = reached[source]
        reached = np.bincount(target, weights=red, minlength=layer.n_out) > 0
        for edges, color, width, order in ((~red, "0.75", 0.4, 1), (red, "tab:red", 0.7, 2)):
            chosen = np.flatnonzero(edges)
            chosen = chosen[:: len(chosen) // MOST_LINES + 1]
            ends = np.empty((len(chosen), 2, 2))
            ends[:, 0, 0], ends[:, 1, 0] = i, i + 1
            ends[:, 0, 1] = _height(source[chosen], layer.n_in)
            ends[:, 1, 1] = _height(target[chosen], layer.n_out)
            panel.add_collection(LineCollection(list(ends), colors=color, linewidths=width, zorder=order))
    for i, size in enumerate(sizes):
        if size <= CELLS:
            panel.plot(np.full(size, i), _height(np.arange(size), size), "o", color="black", ms=2, zorder=3)
    panel.set(xlim=(-0.1, len(layers) + 0.1), ylim=(1.02, -0.02), xticks=range(len(sizes)), yticks=[])
    panel.set_xticklabels([f"{size:,}" for size in sizes])
    panel.set_frame_on(False)


def _height(node: Any, size: int) -> Any:
    return (np.asarray(node) + 0.5) / size


def _matrix(panel: Any, layer: Bipartite, number: int) -> None:
    """W (inputs, outputs): a dot for each edge, or the shares of edges of a coarser raster."""
    bins = min(layer.n_in, CELLS), min(layer.n_out, CELLS)
    area = ((0, layer.n_in), (0, layer.n_out))
    count, _, _ = np.histogram2d(layer.source, layer.target, bins=bins, range=area)
    picture = {"cmap": "Greys", "interpolation": "nearest", "vmin": 0}
    panel.imshow(count, extent=(0, layer.n_out, layer.n_in, 0), aspect="auto", **picture)
    panel.set(xticks=[0, layer.n_out], yticks=[0, layer.n_in])
    panel.set_title(f"W{number}, {layer.density:.2%}", fontsize=9)
    panel.tick_params(labelsize=7)
