"""y = x Wᵀ + b where W has weights on the edges of a graph only."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Array, Backend
from ..errors import BadInput
from ..param import Param, RowGrad
from ..seeds import Streams
from ..select import Choice, Selector
from ..topology import Bipartite
from .base import clipped, later
from .choice import check_bias_rows, given_select
from .edge_backward import backward, panels
from .edges import given_graph
from .initialisers import edge_weights, get_initialiser
from .some_edges import SomeEdges
from .sparse import count_choice


class SparseLinear(SomeEdges):
    """A linear layer with a weight for each edge of a graph, y = x Wᵀ + b. All else of W is not there.

    The products of both passes, the gradient and the optimiser's state are as small as the edges are few. The
    backward pass may be sparse too: then only the edges of the units that `select` chooses get a gradient.
    Kernels load inputs once for all outputs that read the same ones, as those in a block of a RadiX-Net do. It has
    no `center`: the mean of the inputs would need an output's own inputs only.

    Parameters
    ----------
    edges : Bipartite or int
        The graph. Or only how many edges there are, before weights are loaded that say which.
    n_in, n_out : int, optional
        Inputs and units, where `edges` is a number.
    select : Selector, default Dense()
        Which units get a gradient.
    init : {"he", "glorot_uniform", "glorot_normal", "meprop_wide"}, default "he"
        The distribution of the initial weights, by the true fan-in of each output and fan-out of each input.
    bias : bool, default True
        Whether there is a bias. It starts at 0.
    bias_rows : {"all", "chosen"}, default "all"
        Which units of the bias get a gradient, as in Linear.

    Attributes
    ----------
    weight : Param, shape (edges,)
        Output by output, and the inputs of each ascending, as in the Bipartite.
    bias : Param, shape (n_out,), or None
    start, source : Param of int32, shapes (n_out + 1,) and (edges,)
        The graph: output o reads source[start[o]:start[o + 1]]. It has no gradient, and files hold it.
    edges : Edges
        Its tables; `edges.graph` is the Bipartite, and `edges.kind` tells which kernels run, "block" or "indexed".
    last_choice, last_picked
        As in Linear.

    Raises
    ------
    BadInput
        When `edges` is no graph, a name is unknown, or `select` is not a selector or is one for feature maps only.

    References
    ----------
    X-Linear layers: Prabhu, Varma and Namboodiri, "Deep Expander Networks" (arXiv 1711.08757). RadiX-Nets: Robinett
    and Kepner (arXiv 1905.00416).

    Examples
    --------
    >>> import minimalbp as mbp
    >>> from minimalbp.topology import Bipartite
    >>> net = mbp.Sequential(mbp.SparseLinear(Bipartite.from_mask([[1, 0, 1], [0, 1, 0]])), backend="reference")
    >>> layer = net.children[0]
    >>> layer.weight.value[...] = [1, 2, 3]
    >>> layer.unpacked()
    array([[1., 0., 2.],
           [0., 3., 0.]], dtype=float32)
    >>> net([[1, 1, 10]])
    array([[21.,  3.]], dtype=float32)
    """

    last_x: Array = later()  # the input of the last forward
    last_xt: Array | None = later()  # the same in panels, unless there are few examples
    last_y: Array = later()
    last_dy: Array = later()
    last_choice: Choice = later()
    last_picked: Array = later()

    def __init__(
        self,
        edges: Bipartite | int,
        n_in: int | None = None,
        n_out: int | None = None,
        *,
        select: Selector | None = None,
        init: str = "he",
        bias: bool = True,
        bias_rows: str = "all",
    ):
        self._take_graph(given_graph(edges, n_in, n_out))
        self.n_in, self.n_out = self._left.n_in, self._left.n_out
        self.select, self.bias_rows = given_select(select), check_bias_rows(bias_rows)
        get_initialiser(init)
        self._init, self.has_bias = init, bool(bias)

    def bind(self, be: Backend, dtype: str, streams: Streams, path: tuple[int, ...]) -> None:
        super().bind(be, dtype, streams, path)
        prefix, graph = ".".join(map(str, path)), self.edges.graph
        fans = np.repeat(graph.fan_in, graph.fan_in), graph.fan_out[graph.source]
        w = edge_weights(self._init, streams.generator("init", *path), *fans)
        self.weight = Param(f"{prefix}.weight", be.put(w, dtype), be, width=self.edges.fan)
        zero = be.empty((self.n_out,), dtype)
        self.bias = Param(f"{prefix}.bias", zero, be) if self.has_bias else None
        self._b = zero
        self._bind_graph(be, prefix)
        self.rng = streams.generator("random-k", *path) if self.select.random else None

    def forward(self, x: Array, *, train: bool = True) -> Array:
        sparse, edges, w = self.be.sparse, self.edges, self.weight.value
        if x.ndim != 2 or x.shape[1] != self.n_in:  # kernels check nothing
            remedy = f"give it a graph of {x.shape[1]} inputs?" if x.ndim == 2 else "put Flatten() before it?"
            raise BadInput(f"{self.label} takes (batch, {self.n_in}) but gets {x.shape}; {remedy}")
        batch = len(x)
        y = self.buf.get("y", (batch, self.n_out))
        self.last_x, self.last_xt, self.last_y = x, None, y
        if batch < sparse.FEW:
            sparse.forward_few(y, x, w, self._b, edges.start, edges.source)
            return y
        self.last_xt = panels(self.be, self.buf, "xt", batch, self.n_in)
        yt = panels(self.be, self.buf, "yt", batch, self.n_out)
        sparse.to_panels(self.last_xt, x)
        tables = edges.start, edges.source, edges.group, edges.member
        sparse.forward(yt, self.last_xt, w, self._b, *tables, batch)
        sparse.from_panels(y, yt)
        return y

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        dx = self.buf.get("dx", (len(dy), self.n_in)) if need_dx else None
        self.last_dy, self.last_choice = dy, self.select(dy, self.be, self.buf, self.rng)
        if self.bias is not None and (self.last_choice is None or self.bias_rows == "all"):
            db = self.buf.get("db", (self.n_out,))
            self.be.linear.db_all(db, dy)
            self.bias.grad = RowGrad(None, db)
        self.last_picked = backward(self, dy, self.last_choice, dx)
        return dx

    def unpacked(self) -> Array:
        """The dense weight, (n_out, n_in), with zeros where there is no edge."""
        graph = self.edges.graph
        w = np.zeros((self.n_out, self.n_in), self.weight.value.dtype)
        w[graph.target, graph.source] = self.be.get(self.weight.value)
        return w

    def weight_and_bias(self) -> tuple[Array, Array]:
        """W and b of the same layer as a dense one; where there is no bias, b is zeros."""
        return self.unpacked(), self._b

    def to_scipy(self) -> Any:
        """The weights as a scipy.sparse.csr_array (n_out, n_in). torch.sparse_csr_tensor takes its arrays too."""
        from scipy.sparse import csr_array

        graph = self.edges.graph
        return csr_array((self.be.get(self.weight.value), graph.source, graph.start), (self.n_out, self.n_in))

    def out_features(self, n: int | None) -> int | None:
        if n is not None and n != self.n_in:
            raise BadInput(f"{self.label} takes {self.n_in} inputs but gets {n}; make the two widths equal")
        return self.n_out

    def count(self, hits: Array) -> int:
        count_choice(self.be, hits[0], self.last_choice, self.last_picked)
        return len(self.last_dy)

    def resize(self) -> None:
        super().resize()
        graph = self.edges.graph
        self.n_in, self.n_out, self.weight.width = graph.n_in, graph.n_out, self.edges.fan

    def settings(self) -> dict[str, Any]:
        bias = {} if self.has_bias else {"bias": False}
        return {"edges": self.edges.graph.n_edges, "n_in": self.n_in, "n_out": self.n_out, **bias}

    def selection(self) -> dict[str, Any]:
        return {"select": self.select.describe(), "bias_rows": self.bias_rows}

    def note(self) -> str | None:
        return clipped(self.select, self.n_out, self.label)
