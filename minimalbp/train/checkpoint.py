"""Checkpoints: everything that a training needs to resume bit for bit, in one .npz without pickle.

The file holds the arrays "param/NAME" and "optim/NAME/SLOT", the arrays that the training adds, and "meta", a JSON
text: format, architecture, optimiser, its step counter, the states of the layers' generators, and what the training
adds (position, order, history).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..errors import BadInput
from ..files import replacing
from ..network import Sequential
from ..optim import Optimizer

FORMAT = 2  # since which the training's settings are kept
META = {"architecture", "dtype", "optimizer", "t", "generators", "training"}  # beside the format itself

Reshape = Callable[[dict[str, Any], dict[str, np.ndarray]], None]


def save_checkpoint(
    path: Path,
    net: Sequential,
    optimizer: Optimizer,
    training: dict[str, Any],
    more: dict[str, np.ndarray] | None = None,
) -> None:
    """Write a checkpoint, whole or not at all: under a temporary name, which is then renamed.

    Parameters
    ----------
    path : Path
        The file, of type .npz. Missing folders are made.
    net : Sequential
        Its parameters, the statistics of its layers (running means) and the states of random layers are kept.
    optimizer : Optimizer
        Its state and its number of steps are kept.
    training : dict
        Anything else to keep, as JSON.
    more : dict of str to array, optional
        Further arrays to keep, by name.

    Raises
    ------
    BadInput
        Where the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import minimalbp as mbp
    >>> net = mbp.mlp([4, 3, 2], backend="reference")
    >>> adam = mbp.Adam(net.parameters())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "run.npz"
    ...     save_checkpoint(path, net, adam, {"note": "before training"})
    ...     load_checkpoint(path, net, adam)
    {'note': 'before training'}
    """
    kept = net.kept()
    arrays: dict[str, Any] = {f"param/{p.name}": net.be.get(p.value) for p in kept}
    for name, slots in optimizer.state.items():
        arrays |= {f"optim/{name}/{slot}": net.be.get(a) for slot, a in slots.items()}
    arrays |= more or {}
    meta = {
        "format": FORMAT,
        "minimalbp": __version__,
        "dtype": net.dtype,
        "architecture": net.describe(),
        "optimizer": optimizer.describe(),
        "t": optimizer.t,
        "generators": {key: rng.bit_generator.state for key, rng in _generators(net).items()},
        "training": training,
    }
    with replacing(path) as temporary, open(temporary, "wb") as f:
        np.savez(f, **arrays, meta=np.array(json.dumps(meta)))


def load_checkpoint(
    path: str | Path,
    net: Sequential,
    optimizer: Optimizer,
    settings: dict[str, Any] | None = None,
    reshape: Reshape | None = None,
) -> dict[str, Any]:
    """Put parameters, optimiser and generators back as they were when a checkpoint was saved.

    Parameters
    ----------
    path : str or Path
        The file.
    net : Sequential
        A network of the same architecture and dtype; its backend may be another.
    optimizer : Optimizer
        An optimiser of the same class and settings.
    settings : dict, optional
        What the entry "settings" of the training's dictionary must be; by default it is not compared.
    reshape : callable, optional
        Called with the training's dictionary and all arrays, once everything but the architecture is known to fit
        and before anything changes. It may bring the network to other sizes.

    Returns
    -------
    dict
        What was saved as `training`.

    Raises
    ------
    BadInput
        For a file that is missing, damaged, or of another architecture, dtype, optimiser or settings. Nothing has
        changed then, except by `reshape`.

    Examples
    --------
    See `save_checkpoint`.
    """
    path = Path(path)
    arrays, meta = read_checkpoint(path)
    here = {"dtype": net.dtype, "optimizer": optimizer.describe()}
    if settings is not None:
        meta["settings"], here["settings"] = meta["training"].get("settings"), settings
    if reshape is None:
        here = {"architecture": net.describe(), **here}
    _check(path, meta, here)
    if reshape is not None:
        try:
            reshape(meta["training"], arrays)
        except (KeyError, IndexError, TypeError, ValueError) as e:
            raise BadInput(f"{path} does not hold what its training needs ({e}); is it damaged?") from e
        _check(path, meta, {"architecture": net.describe()})
    wanted = {f"param/{p.name}": p.value for p in net.kept()}
    for name, slots in optimizer.state.items():
        wanted |= {f"optim/{name}/{slot}": a for slot, a in slots.items()}
    generators = _generators(net)
    for key, target in wanted.items():
        if key not in arrays or arrays[key].shape != target.shape or arrays[key].dtype != target.dtype:
            raise BadInput(f"{path} does not hold {key} as {target.dtype} {target.shape}; is it damaged?")
    if set(meta["generators"]) != set(generators):
        raise BadInput(f"{path} was saved with other random layers or selectors than this network has")
    net.check_values({key.removeprefix("param/"): array for key, array in arrays.items()}, path)
    for key, target in wanted.items():
        target[...] = arrays[key]
    for layer in net.layers():
        layer.resize()
    for key, rng in generators.items():
        rng.bit_generator.state = meta["generators"][key]
    optimizer.t = meta["t"]
    return meta["training"]


def _check(path: Path, meta: dict[str, Any], here: dict[str, Any]) -> None:
    """Raise BadInput unless the entries of `here` are those of the file."""
    for key, value in here.items():
        if meta.get(key) != json.loads(json.dumps(value)):
            other, remedy = f"another {key}", ""
            if key == "settings":
                other, remedy = "other settings", "; resume it as it began"
            raise BadInput(f"{path} was saved with {other}: {_differ(meta.get(key), value)}{remedy}")


def read_checkpoint(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and the meta of a checkpoint. Raises BadInput unless it is whole."""
    if not path.exists():
        raise BadInput(f"there is no checkpoint {path}; start the training without resume")
    try:
        with open(path, "rb") as f, np.load(f, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        meta = json.loads(str(arrays.pop("meta")))
        version = meta["format"]
        if version == FORMAT and not meta.keys() >= META:
            raise KeyError(META - meta.keys())
    except PermissionError as e:
        raise BadInput(f"cannot read {path}: {e.strerror}; make it readable") from e
    except Exception as e:  # damaged bytes surface as a dozen types
        raise BadInput(
            f"{path} is not a whole checkpoint ({type(e).__name__}); start the training anew"
        ) from e
    if version != FORMAT:
        raise BadInput(f"{path} has checkpoint format {version}; this version reads format {FORMAT}")
    return arrays, meta


def _generators(net: Sequential) -> dict[str, np.random.Generator]:
    return {".".join(map(str, la.path)): la.rng for la in net.layers() if la.rng is not None}


def _differ(there: Any, here: Any) -> str:
    """The first difference between two descriptions, in a few words."""
    if isinstance(there, dict) and isinstance(here, dict):
        for key in here | there:
            if there.get(key) != json.loads(json.dumps(here.get(key))):
                return f"{key} {_differ(there.get(key), here.get(key))}"
    if isinstance(there, list) and isinstance(here, list) and len(there) == len(here):
        for a, b in zip(there, here):
            if a != json.loads(json.dumps(b)):
                return _differ(a, b)
    if isinstance(there, list) and isinstance(here, list):
        return f"has {len(there)} there, {len(here)} here"
    return f"is {there} there, {here} here"
