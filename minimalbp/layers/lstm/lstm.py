"""Long short-term memory over sentences, with minimal-effort back propagation through time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...backend import Array, Backend
from ...errors import BadInput, check_float, check_int, unknown
from ...param import Param
from ...seeds import Streams
from ...select import Dense, RandomK, Selector, Signs, Systematic, TopK, UnifiedTopK
from ..base import clipped, later
from ..centering import Centered, RunningMean, check_center
from ..choice import check_bias_rows
from ..initialisers import get_initialiser
from ..sparse import count_choice
from ..units import Cut
from .direction import Choice, Direction
from .packing import Packing, packing

GROUPS = {"each": 4, "all": 1}
SELECT = ("Dense()", "TopK (over examples)", "UnifiedTopK", "RandomK", "Systematic", "Threshold", "Signs")


class LSTM(Centered):
    """Long short-term memory, with a backward pass through time that may be sparse.

    The input is (words, n_in), the output the state h of every word, (words, hidden) or (words, 2 hidden):

        i, f, o = σ(W x + U h' + b),  g = tanh(W x + U h' + b),  c = f c' + i g,  h = o tanh c

    h' and c' are those of the word before, and zero before the first word of a sentence. `forward` takes the
    lengths of the sentences.

    Parameters
    ----------
    n_in, hidden : int
        Inputs, and units of each gate.
    select : Selector, default Dense()
        Which units of the gates get a gradient: chosen anew for each word, where the gradient leaves the products
        W x and U h'. The cell stays dense. UnifiedTopK makes one choice at each time step for all sentences.
    gates : {"each", "all"}, default "each"
        Whether k units are chosen from each gate, or k from all four together.
    bidirectional : bool, default False
        Whether there is a second direction, with parameters of its own, which reads each sentence from its end.
        Its outputs follow those of the first.
    init : {"glorot_uniform", "glorot_normal", "he", "meprop_wide"}, default "glorot_uniform"
        The distribution of the initial weights, drawn for each gate by itself.
    forget_bias : float, default 1.0
        The initial bias of f. The other biases start at 0.
    bias_rows : {"all", "chosen"}, default "all"
        Which units of the bias get a gradient, as in Linear.
    center : {"off", "dw", "forward"}, default "off"
        What is done with the running mean mu of the inputs, as in Linear: "dw" computes the gradient of W with
        x - mu in the place of x, "forward" the products W x too. U h' is never centred.

    Attributes
    ----------
    directions : list of Direction
        One, or two if bidirectional: the parameters w, u and b, and the last choice of each.
    mean : Param, shape (n_in,), or None
        mu, the same for both directions; None where `center` is "off".

    Raises
    ------
    BadInput
        When a size or number is out of range, a name is unknown, or `select` is not one of the selectors here.

    Notes
    -----
    Names and gates are those of PyTorch's LSTM. Its second bias is not needed.

    References
    ----------
    Hochreiter and Schmidhuber (1997), "Long Short-Term Memory". Jozefowicz, Zaremba and Sutskever (2015), for
    forget_bias. meProp (arXiv 1706.06197), for where units are chosen: a gradient is sparse on its way from the
    output of a multiplication to its inputs.

    Examples
    --------
    Two sentences, of 2 words and of 1:

    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> net = mbp.Sequential(mbp.LSTM(3, 4, select=mbp.TopK(2)), backend="reference")
    >>> y = net.forward(net.prepare(np.ones((3, 3))), lengths=[2, 1])
    >>> bool(np.allclose(y[0], y[2])), bool(np.allclose(y[0], y[1]))
    (True, False)
    >>> net.backward(np.ones((3, 4), "float32"), need_dx=False)
    >>> net.children[0].directions[0].last_choice.shape
    (3, 8)
    """

    takes_lengths = True
    directions: list[Direction] = later()
    _packing: Packing = later()  # of the last forward
    _x: Array = later()  # its input; with center="forward" without mu

    def __init__(
        self,
        n_in: int,
        hidden: int,
        *,
        select: Selector | None = None,
        gates: str = "each",
        bidirectional: bool = False,
        init: str = "glorot_uniform",
        forget_bias: float = 1.0,
        bias_rows: str = "all",
        center: str = "off",
    ):
        self.n_in, self.hidden = check_int("n_in", n_in, least=1), check_int("hidden", hidden, least=1)
        self.select = Dense() if select is None else select
        whole_batch = isinstance(self.select, TopK) and self.select.over == "batch"
        if whole_batch or not isinstance(self.select, (Dense, TopK, UnifiedTopK, RandomK, Systematic, Signs)):
            raise BadInput(f"select must be one of {', '.join(SELECT)}, not {select!r}")
        if gates not in tuple(GROUPS):  # a list is no key
            raise unknown("gates", gates, GROUPS)
        check_bias_rows(bias_rows)
        self.gates, self.bidirectional, self.bias_rows = gates, bool(bidirectional), bias_rows
        self._init, self.center = get_initialiser(init), check_center(center)
        self._forget = check_float("forget_bias", forget_bias, -math.inf, math.inf)

    def bind(self, be: Backend, dtype: str, streams: Streams, path: tuple[int, ...]) -> None:
        super().bind(be, dtype, streams, path)
        rng, size = streams.generator("init", *path), self.hidden
        prefix = ".".join(map(str, path))
        self.directions = []
        for suffix in ["", "_reverse"][: 1 + self.bidirectional]:
            w, u = (np.concatenate([self._init(rng, size, n) for _ in range(4)]) for n in (self.n_in, size))
            b = np.zeros(4 * size)
            b[size : 2 * size] = self._forget
            values = (("weight_ih", w), ("weight_hh", u), ("bias_ih", b))
            mine = [Param(f"{prefix}.{name}_l0{suffix}", be.put(v, dtype), be) for name, v in values]
            self.directions.append(Direction(mine, be, dtype))
        self._running = None if self.center == "off" else RunningMean(be, dtype, prefix, self.n_in)
        self.rng = streams.generator("random-k", *path) if self.select.random else None

    def forward(self, x: Array, *, train: bool = True, lengths: Any = None) -> Array:
        """h of every word. lengths: the number of words of each sentence in x (None: x is one sentence)."""
        directions = self.directions
        if x.ndim != 2 or x.shape[1] != self.n_in or not len(x):  # kernels check nothing
            raise BadInput(f"{self.label} takes (words, {self.n_in}) but gets {x.shape}")
        self._packing = packing(lengths, len(x))
        if self.center == "forward":
            x = self._centered(x, learn=train)
        self._x = x
        found = [
            d.forward(self.be, self._take(f"x{i}", x, i, self.n_in), self._packing)
            for i, d in enumerate(directions)
        ]
        if len(found) == 1 and self._packing.straight:
            return found[0]
        y = self.buf.get("y", (len(x), self.hidden * len(found)))
        for i, h in enumerate(found):
            self.be.lstm.put(y, h, self._order(i), i * self.hidden, False)
        return y

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        choice, parts = Choice(self.select, GROUPS[self.gates], self.bias_rows), []
        centered = self._centered(self._x, learn=True) if self.center == "dw" else None
        for i, d in enumerate(self.directions):
            if centered is not None:
                d.last_x = self._take(f"x{i}", centered, i, self.n_in)
            mine = self._take(f"dy{i}", dy, i, self.hidden, i * self.hidden)
            parts.append(d.backward(self.be, mine, choice, self.rng, need_dx))
        if not need_dx or (len(parts) == 1 and self._packing.straight):
            return parts[0]
        dx = self.buf.get("dx", self._x.shape)
        for i, part in enumerate(parts):
            self.be.lstm.put(dx, part, self._order(i), 0, i > 0)
        return dx

    def _order(self, i: int) -> Array:
        """The order of time steps of direction i."""
        return self._packing.reverse if i else self._packing.order

    def _take(self, name: str, a: Array, i: int, width: int, column: int = 0) -> Array:
        """Rows of the batch in the order of time steps of direction i, `width` columns from `column` on."""
        if i == 0 and self._packing.straight and a.shape[1] == width:
            return a
        out = self.buf.get(name, (len(a), width))
        self.be.lstm.take(out, a, self._order(i), column)
        return out

    @property
    def groups(self) -> int:  # type: ignore[override]
        return 2 if self.bidirectional else 1

    @property
    def units(self) -> int:
        return self.hidden

    def count(self, hits: Array) -> int:
        for d, mine in zip(self.directions, hits):
            found = np.zeros(4 * self.hidden, np.int64)
            count_choice(self.be, found, d.last_choice, d.last_picked)
            mine += found.reshape(4, -1).sum(axis=0)
        return 4 * len(self._x)

    def norms(self) -> Array:
        weights = [np.hstack([self.be.get(p.value) for p in (d.w, d.u)]) for d in self.directions]
        return np.array([np.linalg.norm(w.reshape(4, self.hidden, -1), axis=(0, 2)) for w in weights])

    def unit_cuts(self, kept: Array) -> Iterator[Cut]:
        """A unit is removed from all four gates and from the recurrent inputs."""
        for d, units in zip(self.directions, kept):
            rows = (units + self.hidden * np.arange(4)[:, None]).ravel()
            yield from (Cut(p, 0, rows) for p in (d.w, d.u, d.b))
            yield Cut(d.u, 1, units)

    def input_cuts(self, kept: Array) -> Iterator[Cut]:
        for d in self.directions:
            yield Cut(d.w, 1, kept)
        if self.mean is not None:
            yield Cut(self.mean, 0, kept)

    def resize(self) -> None:
        self.hidden, self.n_in = self.directions[0].hidden, self.directions[0].w.value.shape[1]
        for d in self.directions:
            d.buf.clear()

    def out_features(self, n: int | None) -> int | None:
        if n is not None and n != self.n_in:
            raise BadInput(f"{self.label} takes {self.n_in} inputs but gets {n}; make the two widths equal")
        return self.hidden * (2 if self.bidirectional else 1)

    def parameters(self) -> list[Param]:
        return [p for d in self.directions for p in (d.w, d.u, d.b)]

    def settings(self) -> dict[str, Any]:
        both = {"bidirectional": True} if self.bidirectional else {}
        return {"n_in": self.n_in, "hidden": self.hidden, **both, **self._center_setting()}

    def selection(self) -> dict[str, Any]:
        return {"select": self.select.describe(), "bias_rows": self.bias_rows, "gates": self.gates}

    def note(self) -> str | None:
        return clipped(self.select, 4 * self.hidden // GROUPS[self.gates], self.label)
