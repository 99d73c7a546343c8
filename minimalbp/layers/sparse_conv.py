"""A convolution whose filters read some channels only, those that a graph says."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Array, Backend
from ..param import Param
from ..seeds import Streams
from ..select import Choice, Selector
from ..topology import Bipartite
from .base import later
from .choice import check_bias_rows, given_select
from .convolution import Convolution
from .edges import given_graph
from .initialisers import edge_weights, get_initialiser
from .maps import check_maps, maps, pixels
from .planes import Planes
from .some_edges import SomeEdges
from .sparse_conv_backward import as_rows, backward
from .window import Pair, check_size


class SparseConv2d(SomeEdges, Convolution):
    """A convolution on a graph between channels: each edge has a whole small filter, kh x kw (X-Conv).

    It computes what a Conv2d computes whose weights are zero where there is no edge. The products of both passes,
    the gradient and the optimiser's state are as small as the edges are few. Kernels load inputs once for all
    filters that read the same channels, as those in a block of a RadiX-Net do. It has no `center`: the mean of the
    inputs would need a filter's own channels only.

    Parameters
    ----------
    edges : Bipartite or int
        The graph between channels and filters. Or only how many edges there are, before weights are loaded that say
        which.
    in_channels, out_channels : int, optional
        Channels of the input, and filters, where `edges` is a number.
    kernel_size : int or (int, int)
        Height and width of a window, in pixels.
    stride : int or (int, int), default 1
        Pixels from one window to the next.
    padding : int or (int, int), default 0
        Zeros on each side of the picture.
    select : Selector, default Dense()
        Which entries of each picture's gradient are kept, as in Conv2d. The products leave out filters of which no
        entry is chosen; those of the others are dense.
    init : {"he", "glorot_uniform", "glorot_normal", "meprop_wide"}, default "he"
        The distribution of the initial weights, by the true fan-in of each filter and fan-out of each channel,
        times kh kw.
    bias : bool, default True
        Whether there is a bias. It starts at 0.
    bias_rows : {"all", "chosen"}, default "all"
        Whether the bias gets the whole gradient, or that of the chosen entries.

    Attributes
    ----------
    weight : Param, shape (edges, kh, kw)
        Filter by filter, and the channels of each ascending, as in the Bipartite. A row of its gradient is an edge.
    bias : Param, shape (out_channels,), or None
    start, source : Param of int32, shapes (out_channels + 1,) and (edges,)
        The graph: filter o reads the channels source[start[o]:start[o + 1]]. It has no gradient; files hold it.
    edges : Edges
        Its tables; `edges.graph` is the Bipartite. `edges.kind` is "block" where kernels find filters that read the
        same channels, else "indexed".
    last_choice : Choice
        What `select` chose in the last backward pass.

    Raises
    ------
    BadInput
        When `edges` is no graph, a size is out of range, a name is unknown, or `select` is not a selector; at the
        first batch, when the pictures do not fit.

    References
    ----------
    X-Conv layers: Prabhu, Varma and Namboodiri, "Deep Expander Networks" (arXiv 1711.08757).

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> from minimalbp.topology import Bipartite
    >>> graph = Bipartite.from_mask([[1, 0, 1], [0, 1, 0]])
    >>> layer = mbp.SparseConv2d(graph, kernel_size=3, padding=1)
    >>> net = mbp.Sequential(layer, backend="reference")
    >>> net(np.ones((2, 3, 6, 5))).shape
    (2, 2, 6, 5)
    >>> layer.weight.value.shape, layer.unpacked().shape
    ((3, 3, 3), (2, 3, 3, 3))
    """

    last_xq: Array = later()  # the input of the last forward, in planes
    last_planes: Planes = later()  # where its pixels stand there

    def __init__(
        self,
        edges: Bipartite | int,
        in_channels: int | None = None,
        out_channels: int | None = None,
        *,
        kernel_size: int | Pair,
        stride: int | Pair = 1,
        padding: int | Pair = 0,
        select: Selector | None = None,
        init: str = "he",
        bias: bool = True,
        bias_rows: str = "all",
    ):
        self._take_graph(given_graph(edges, in_channels, out_channels, ("in_channels", "out_channels")))
        self.in_channels, self.out_channels = self._left.n_in, self._left.n_out
        self.kernel_size = check_size("kernel_size", kernel_size, least=1)
        self.stride = check_size("stride", stride, least=1)
        self.padding = check_size("padding", padding, least=0)
        self.select, self.bias_rows = given_select(select, maps=True), check_bias_rows(bias_rows)
        get_initialiser(init)
        self._init, self.has_bias = init, bool(bias)

    def bind(self, be: Backend, dtype: str, streams: Streams, path: tuple[int, ...]) -> None:
        super().bind(be, dtype, streams, path)
        prefix = ".".join(map(str, path))
        first = self._first(streams.generator("init", *path))
        self.weight = Param(f"{prefix}.weight", be.put(first, dtype), be)
        zero = be.empty((self.out_channels,), dtype)
        self.bias = Param(f"{prefix}.bias", zero, be) if self.has_bias else None
        self._b = zero
        self._bind_graph(be, prefix)
        self.rng = streams.generator("random-k", *path) if self.select.random else None

    def _first(self, rng: np.random.Generator) -> Array:
        """The initial weights."""
        graph, taps = self.edges.graph, self.kernel_size[0] * self.kernel_size[1]
        fans = np.repeat(graph.fan_in, graph.fan_in), graph.fan_out[graph.source]
        w = edge_weights(self._init, rng, *(np.repeat(fan * taps, taps) for fan in fans))
        return w.reshape(graph.n_edges, *self.kernel_size)

    def forward(self, x: Array, *, train: bool = True) -> Array:
        check_maps(x, self.in_channels, self)
        edges, batch = self.edges, len(x)
        self._window = win = self._look(x)
        self.last_x = x = pixels(x, self.be, self.buf, "x")
        self.last_planes = plan = Planes.of(
            win, self.kernel_size, self.stride, batch, self.be, self.buf.dtype
        )
        self.last_xq = plan.room(self.buf, "xq", batch, self.in_channels, plan.phases)
        y = self.buf.get("y", (batch, win.positions, self.out_channels))
        flat, w = x.reshape(batch, -1, self.in_channels), as_rows(self.weight.value)
        tables = plan.tap, edges.start, edges.source, edges.group, edges.member, plan.pixel, plan.position
        self.be.sparse_conv.forward(y, self.last_xq, flat, w, self._b, *tables)
        self.last_y = y
        return maps(y.reshape(batch, *win.outputs, self.out_channels))

    def _products(self, dy: Array, choice: Choice, dx: Array | None) -> Any:
        return backward(self, dy, choice, dx)

    def unpacked(self) -> Array:
        """The dense weight, (out_channels, in_channels, kh, kw), with zeros where there is no edge."""
        graph = self.edges.graph
        w = np.zeros((self.out_channels, self.in_channels, *self.kernel_size), self.weight.value.dtype)
        w[graph.target, graph.source] = self.be.get(self.weight.value)
        return w

    def weight_and_bias(self) -> tuple[Array, Array]:
        """W and b of the same layer as a dense one; where there is no bias, b is zeros."""
        return self.unpacked(), self._b

    def resize(self) -> None:
        super().resize()
        self.in_channels, self.out_channels = self.edges.graph.n_in, self.edges.graph.n_out

    def settings(self) -> dict[str, Any]:
        sizes = {
            "edges": self.edges.graph.n_edges,
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "kernel_size": self.kernel_size,
        }
        return sizes | self._more_settings()
