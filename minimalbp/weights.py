"""Weights alone, as safetensors with PyTorch's names and shapes: "0.weight" (n_out, n_in), "0.bias" (n_out,)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .errors import BadInput
from .files import replacing
from .network import Sequential


def save(net: Sequential, path: str | Path) -> None:
    """Write the parameters of `net`; torch.nn.Sequential of the same layers loads them by load_state_dict.

    Rows that the gates of an LSTM have lost are written as zeros, which is what they are worth: PyTorch's LSTM and
    one with all its rows load the file too, and give the same outputs.
    """
    from safetensors.numpy import save as pack

    data = pack({p.name: p.whole() for p in net.parameters()})
    with replacing(Path(path)) as temporary:
        temporary.write_bytes(data)


def load(net: Sequential, path: str | Path) -> None:
    """Read parameters into `net`.

    Raises BadInput, and changes nothing, where names or shapes differ, or a row that an LSTM has lost is not zero.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load as unpack

    try:
        found = unpack(Path(path).read_bytes())
    except OSError as e:
        raise BadInput(f"cannot read {path}: {e.strerror or e}; check the path, and who may read it") from e
    except (SafetensorError, KeyError, ValueError) as e:
        raise BadInput(f"{path} is not a whole safetensors file ({e})") from e
    mine = {p.name: p for p in net.parameters()}
    if set(found) != set(mine):
        odd = sorted(set(found) ^ set(mine))[0]
        raise BadInput(
            f"{path} holds other parameters than this network: {odd!r} is only in "
            f"the {'file' if odd in found else 'network'}; build the layers that were saved, dropout included"
        )
    for name, p in mine.items():
        rows, *rest = p.value.shape
        shape = (rows if p.place is None else p.first, *rest)
        if found[name].shape != shape:
            raise BadInput(f"{path}: {name} is {found[name].shape}, the network needs {shape}")
        if p.place is not None:
            if np.delete(found[name], p.place, axis=0).any():
                raise BadInput(f"{path}: {name} has rows that the gates of this network's LSTM have lost")
            found[name] = found[name][p.place]
    for name, p in mine.items():
        p.value[...] = net.be.put(found[name], net.dtype)
