"""What layers that choose among their units check of their settings."""

from __future__ import annotations

from typing import Any

from ..errors import BadInput, unknown
from ..select import Dense, Selector

BIAS_ROWS = ("all", "chosen")


def given_select(select: Any, *, maps: bool = False) -> Selector:
    """The selector that was given, Dense() for None. maps: whether the layer has positions and channels to choose.

    Raises BadInput for anything but a selector, and for one of positions or channels where there are none.
    """
    found = Dense() if select is None else select
    if not isinstance(found, Selector):
        raise BadInput(f"select must be a selector such as TopK(25) or TopK(ratio=0.05), not {select!r}")
    if found.whole and not maps:
        raise BadInput(f"select {found.name} is for Conv2d; give this layer {_other(found)}")
    return found


def check_bias_rows(bias_rows: str) -> str:
    """`bias_rows`, if layers know it. Raises BadInput for others."""
    if bias_rows not in BIAS_ROWS:
        raise unknown("bias_rows", bias_rows, BIAS_ROWS)
    return bias_rows


def _other(select: Selector) -> str:
    """A selector that does for vectors what `select` does for maps, as one writes it."""
    other = select.for_vectors()
    given = ", ".join(f"{key}={value!r}" for key, value in other.describe().items() if key != "name")
    return f"{type(other).__name__}({given})"
