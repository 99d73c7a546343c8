"""Named arrays reused from step to step: fresh memory makes a step several times slower (measured)."""

from __future__ import annotations

from .backend import Array, Backend


class Buffers:
    """Memory of one layer. A name has one piece of memory, as long as the longest array asked for under it.

    Arrays of one name that differ in their first axis only (batches, sentences of any length) share it.
    """

    def __init__(self, backend: Backend, dtype: str):
        self.backend, self.dtype = backend, dtype
        self._whole: dict[tuple[str, tuple[int, ...]], Array] = {}
        self._parts: dict[tuple[str, tuple[int, ...]], Array] = {}

    def get(self, name: str, shape: tuple[int, ...], dtype: str | None = None) -> Array:
        """The array of that name and shape; what it holds is what was last written there."""
        found = self._parts.get((name, shape))
        if found is None:
            found = self._parts[name, shape] = self._part(name, shape, dtype or self.dtype)
        return found

    def clear(self) -> None:
        """Give the memory back: the layer has other sizes from now on."""
        self._whole, self._parts = {}, {}

    def _part(self, name: str, shape: tuple[int, ...], dtype: str) -> Array:
        key = (name, shape[1:])
        whole = self._whole.get(key)
        if whole is None or len(whole) < shape[0]:
            whole = self._whole[key] = self.backend.empty(shape, dtype)
            self._parts = {k: part for k, part in self._parts.items() if (k[0], k[1][1:]) != key}
        return whole[: shape[0]]
