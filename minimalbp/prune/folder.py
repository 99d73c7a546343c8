"""A packed network in a folder: its description and its weights."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from ..errors import BadInput
from ..files import read_json, replacing
from ..network import Sequential
from ..network.describe import rebuild
from ..network.weights import load, save
from ..select import Selector

NETWORK, WEIGHTS = "network.json", "weights.safetensors"
FORMAT = 1


def save_packed(net: Sequential, folder: str | Path) -> None:
    """Write a network of any layers into a folder: network.json says what they are, weights.safetensors the rest.

    How layers choose units is not written; `load_packed` is told.

    Parameters
    ----------
    net : Sequential
    folder : str or Path
        It is made if it is missing; other files in it stay.

    Raises
    ------
    BadInput
        When it cannot be written.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> net = mbp.Sequential(mbp.PackedLinear(4, 3, [0, 2]), mbp.ReLU(), backend="reference")
    >>> save_packed(net, "small")
    >>> load_packed("small", backend="reference")
    Sequential(PackedLinear(n_in=4, n_out=3, columns=2), ReLU())
    """
    folder = Path(folder)
    # Both are written first and then put in their places. Their common digest tells a pair that was torn between.
    with replacing(folder / NETWORK) as text, replacing(folder / WEIGHTS) as weights:
        save(net, weights)
        digest = hashlib.sha256(weights.read_bytes()).hexdigest()
        said = {"format": FORMAT, "dtype": net.dtype, "network": net.describe(), "sha256": digest}
        text.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


def load_packed(folder: str | Path, *, select: Selector | None = None, backend: str = "cpu") -> Sequential:
    """Read a network that `save_packed` wrote.

    Parameters
    ----------
    folder : str or Path
    select : Selector, default Dense()
        Of the hidden layers, with which a training goes on: of the convolutions, or the Sparsify behind them; in a
        network without any of all layers with units but the last.
    backend : {"cpu", "reference"}, default "cpu"

    Returns
    -------
    Sequential

    Raises
    ------
    BadInput
        When the two files are not there, damaged, or not of one network; and for a selector that no layer takes.

    Examples
    --------
    See `save_packed`.
    """
    text, weights = Path(folder) / NETWORK, Path(folder) / WEIGHTS
    said = read_json(text)
    if not isinstance(said, dict) or not said.keys() >= {"format", "dtype", "network", "sha256"}:
        raise BadInput(f"{text} does not describe a network; save it again with save_packed")
    if said["format"] != FORMAT:
        raise BadInput(f"{text} has format {said['format']}; this version reads format {FORMAT}")
    try:
        digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    except OSError as e:
        raise BadInput(f"cannot read {weights}: {e.strerror or e}; save the network again") from e
    if digest != said["sha256"]:
        raise BadInput(f"{weights} is not the file that {text} belongs to; save the network again")
    net = rebuild(said["network"], select=select, backend=backend, dtype=said["dtype"])
    load(net, weights)
    return net
