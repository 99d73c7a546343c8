"""Named arrays reused from step to step: fresh memory makes a step several times slower (measured)."""

from __future__ import annotations

from .backend import Array, Backend


class Buffers:
    """Memory of one layer. An array lives until the layer does; each (name, shape) is allocated once."""

    def __init__(self, backend: Backend, dtype: str):
        self.backend, self.dtype = backend, dtype
        self._arrays: dict[tuple[str, tuple[int, ...]], Array] = {}

    def get(self, name: str, shape: tuple[int, ...], dtype: str | None = None) -> Array:
        """The array of that name and shape; what it holds is what was last written there."""
        key = (name, shape)
        found = self._arrays.get(key)
        if found is None:
            found = self._arrays[key] = self.backend.empty(shape, dtype or self.dtype)
        return found
