"""Lists of whole numbers, as users type them."""

from __future__ import annotations

from typing import Any

from ..errors import BadInput, check_int, short


def check_ints(name: str, value: Any) -> tuple[int, ...]:
    """Read whole numbers of at least 1.

    Parameters
    ----------
    name : str
        What they are, for the message.
    value : str, int or sequence of int
        "500,500", "500-500", 500 or [500, 500].

    Returns
    -------
    tuple of int

    Raises
    ------
    BadInput
        For anything else.

    Examples
    --------
    >>> check_ints("hidden", "500,300")
    (500, 300)
    """
    if isinstance(value, str):
        parts = value.replace("-", ",").split(",")
        if not all(p.strip().isdecimal() for p in parts):
            raise BadInput(f"{name} must be whole numbers such as 500,500, not {short(value)}")
        try:
            value = [int(p) for p in parts]
        except ValueError:  # more digits than Python reads
            raise BadInput(f"{name} must be whole numbers such as 500,500, not {short(value)}") from None
    if isinstance(value, int):
        value = [value]
    if not isinstance(value, (list, tuple)) or not value:
        raise BadInput(f"{name} must be at least one whole number, such as 500,500, not {short(value)}")
    return tuple(check_int(f"each number in {name}", n, least=1) for n in value)
