"""The networks of the sparse-DNN GraphChallenge, made again, and what is known of its answers.

Weights: a RadiX-Net of radices 2 with 16 copies of N / 16 nodes, all weights 1/16. After the first run through
the system, the rows of each run are permuted as MATLAB's randperm does from its default seed, one stream for the
four sizes in ascending order, 1,920 layers each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..errors import BadInput, check_int
from .bipartite import Bipartite
from .blocks import Array, Blocks
from .build import radix_net

__all__ = ["CHALLENGE", "Challenge", "category_text", "challenge_layers", "permutations"]

COPIES = 16  # of N / 16 nodes; each output has 2 * 16 inputs
WEIGHT = 1 / 16
CEILING = 32  # of the activations
DEPTHS = (120, 480, 1920)
SEED = 5489  # of MATLAB's generator, where nobody sets one
# Of what the regenerated networks gave here. The official file for 1,024 has the same first 16 digits, all that
# we had of it; for 4,096 no official one was at hand.
SHA_1024 = "a006e26755ca317ecf629035972137457705f20e3139b7796a2f9e9d58c8f4e1"
SHA_4096 = "5ff66a396a73723af800e551214b2c5f89efc77a7062e231e361aecd60f672a0"


@dataclass(frozen=True)
class Challenge:
    """What is known of one size of the challenge.

    Parameters
    ----------
    neurons : int
        Nodes of each node layer.
    bias : float
        Of each neuron.
    maximum : float
        The largest value of the enlarged 60,000 images, before half of it divides black from white.
    nonzeros : int
        Ones of all images.
    first_permutation : tuple of int
        The beginning of the first permutation, numbered from 0.
    categories : int or None
        Images with an active output after 120 layers and more; None where it is not known.
    sha256 : str or None
        Of the file of categories at 120 layers and more; None where it is not known.
    """

    neurons: int
    bias: float
    maximum: float
    nonzeros: int
    first_permutation: tuple[int, ...]
    categories: int | None
    sha256: str | None

    @property
    def side(self) -> int:
        """Pixels along an image."""
        return int(self.neurons**0.5)

    @property
    def period(self) -> int:
        """Layers of one run through the system."""
        return (self.neurons // COPIES).bit_length() - 1


FIRST = {  # of the first permutation
    1024: (608, 451, 122, 447, 871, 771, 98, 745),
    4096: (3409, 1670, 834, 304),
    16384: (7768, 14268, 8489, 13554),
    65536: (41138, 18549, 12174, 17948),
}
ROWS = (
    Challenge(1024, -0.30, 369.3204851, 6_374_505, FIRST[1024], 1812, SHA_1024),
    Challenge(4096, -0.35, 377.4677759, 25_019_051, FIRST[4096], 1801, SHA_4096),
    Challenge(16384, -0.40, 382.0475986, 98_858_913, FIRST[16384], 1918, None),
    Challenge(65536, -0.45, 385.1244616, 392_191_985, FIRST[65536], 1994, None),
)
CHALLENGE = {row.neurons: row for row in ROWS}


def challenge(neurons: int) -> Challenge:
    """What is known of this size. Raises BadInput for another one."""
    if neurons not in CHALLENGE:
        raise BadInput(
            f"the challenge has {', '.join(map(str, CHALLENGE))} neurons in a layer, not {neurons}"
        )
    return CHALLENGE[neurons]


def permutations(neurons: int) -> Iterator[Array]:
    """The permutations of the rows, one for each run through the system but the first.

    Parameters
    ----------
    neurons : int
        1024, 4096, 16384 or 65536.

    Yields
    ------
    int64 (neurons,)
        p: row i of a layer without permutation is row p[i] of the layer.

    Raises
    ------
    BadInput
        For another number.

    Examples
    --------
    >>> [int(i) for i in next(permutations(4096))[:4]]
    [3409, 1670, 834, 304]
    """
    challenge(neurons)
    stream = np.random.RandomState(SEED)
    for one in CHALLENGE.values():
        count = (DEPTHS[-1] - 1) // one.period
        if one.neurons < neurons:
            stream.random_sample(count * one.neurons)  # what MATLAB drew for the smaller sizes
        else:
            for _ in range(count):
                yield np.argsort(stream.random_sample(neurons), kind="stable")
            return


def challenge_layers(neurons: int, depth: int) -> Iterator[Bipartite]:
    """The layers of a network, one at a time: its 65,536 x 120 edges take 1 GB, those of one layer 9 MB.

    All weights are 1/16. The layers know their blocks.

    Parameters
    ----------
    neurons : int
        1024, 4096, 16384 or 65536.
    depth : int
        Layers, at most 1920. The challenge has 120, 480 and 1920.

    Yields
    ------
    Bipartite

    Raises
    ------
    BadInput
        For another number.

    Examples
    --------
    >>> layer = next(challenge_layers(1024, 120))
    >>> layer.n_edges, layer.source[:4].tolist()
    (32768, [0, 1, 64, 65])
    """
    found = challenge(neurons)
    if check_int("layers", depth, least=1) > DEPTHS[-1]:
        raise BadInput(f"the challenge has at most {DEPTHS[-1]} layers, not {depth}")
    base = radix_net([[2] * found.period], [COPIES] * (found.period + 1))
    drawn = permutations(neurons)
    order = None
    for i in range(depth):
        if i and i % found.period == 0:
            order = next(drawn).astype(np.int32)
        layer = base[i % found.period]
        if order is not None:
            blocks = layer.blocks
            assert isinstance(blocks, Blocks)
            layer = Bipartite.from_blocks(replace(blocks, order=order))
        yield layer


def category_text(categories: Iterable[int]) -> tuple[str, str]:
    """The text of a file of categories, and its SHA-256.

    Parameters
    ----------
    categories : iterable of int
        The images with an active output, numbered from 0.

    Returns
    -------
    text, sha256 : str
        A line for each image, numbered from 1.

    Examples
    --------
    >>> category_text([286, 294])[0].split()
    ['287', '295']
    """
    text = "".join(f"{int(one) + 1}\n" for one in categories)
    return text, hashlib.sha256(text.encode()).hexdigest()
