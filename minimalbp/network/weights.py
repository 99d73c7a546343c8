"""Weights in files: safetensors with PyTorch's names and shapes, "0.weight" (n_out, n_in), "0.bias" (n_out,)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import BadInput
from ..files import replacing
from .sequential import Sequential


def save(net: Sequential, path: str | Path) -> None:
    """Write the parameters of a network to a safetensors file, and what its layers learnt without gradients.

    That is the running means of centred layers, and the statistics of batch normalisation.
    A torch.nn.Sequential of the same layers loads it with load_state_dict. With center="forward" the bias that such
    a layer needs is b - W mu.

    Parameters
    ----------
    net : Sequential
    path : str or Path
        The file; one that exists is replaced. Missing folders are made.

    Raises
    ------
    BadInput
        When the file cannot be written.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> mbp.save(mbp.mlp([3, 5, 2], rng=1, backend="reference"), "weights.safetensors")
    >>> net = mbp.mlp([3, 5, 2], rng=2, backend="reference")
    >>> mbp.load(net, "weights.safetensors")
    """
    from safetensors.numpy import save as pack

    data = pack({p.name: net.be.get(p.value) for p in net.kept()})
    with replacing(Path(path)) as temporary:
        temporary.write_bytes(data)


def load(net: Sequential, path: str | Path) -> None:
    """Read the parameters of a network from a safetensors file.

    Parameters
    ----------
    net : Sequential
        A network of the same layers as the one that was saved. Its weights are overwritten.
    path : str or Path

    Raises
    ------
    BadInput
        When the file cannot be read, or its names or shapes are not those of the network, which then is as it was.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> mbp.save(mbp.mlp([3, 5, 2], backend="reference"), "weights.safetensors")
    >>> mbp.load(mbp.mlp([3, 6, 2], backend="reference"), "weights.safetensors")
    Traceback (most recent call last):
    ...
    minimalbp.errors.BadInput: weights.safetensors: 0.weight is (5, 3), the network needs (6, 3); take the sizes ...
    """
    found = read(path)
    mine = {p.name: p for p in net.kept()}
    if set(found) != set(mine):
        odd = sorted(set(found) ^ set(mine))[0]
        raise BadInput(
            f"{path} holds other parameters than this network: {odd!r} is only in "
            f"the {'file' if odd in found else 'network'}; build the layers that were saved, dropout and center too"
        )
    for name, p in mine.items():
        if found[name].shape != p.value.shape:
            raise BadInput(
                f"{path}: {name} is {found[name].shape}, the network needs {p.value.shape}; take the sizes and the "
                "data of the network that was saved"
            )
    net.check_values(found, path)
    for name, p in mine.items():
        p.value[...] = net.be.put(found[name], p.value.dtype.name)
    for layer in net.layers():
        layer.resize()


def read(path: str | Path) -> dict[str, Any]:
    """The arrays of a safetensors file by their names. Raises BadInput for another file, and one cut short."""
    from safetensors import SafetensorError
    from safetensors.numpy import load as unpack

    try:
        return unpack(Path(path).read_bytes())
    except OSError as e:
        raise BadInput(f"cannot read {path}: {e.strerror or e}; check the path and its permissions") from e
    except (SafetensorError, KeyError, ValueError) as e:
        raise BadInput(
            f"{path} is not a whole safetensors file ({e}); it may be cut short, or of another kind"
        ) from e
