"""Errors for users: one line that names the value, the limit and the remedy."""

from __future__ import annotations

import difflib
import math
import numbers
from collections.abc import Iterable
from typing import Any

__all__ = ["BadInput", "Diverged", "check_float", "check_int"]


class BadInput(ValueError):
    """Input that cannot be used.

    The message is one line: the value, the limit, the remedy. The command line prints it and exits with status 2.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> mbp.TopK(0)
    Traceback (most recent call last):
    ...
    minimalbp.errors.BadInput: k must be at least 1, not 0
    """


class Diverged(ArithmeticError):
    """The loss of a training is no longer finite.

    The message names the first layer whose values are not finite, and the last good checkpoint if there is one.

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> split = mbp.Split(np.eye(4, dtype="float32"), np.arange(4))
    >>> data = mbp.Dataset("toy", split, split, split, ("a", "b", "c", "d"))
    >>> net = mbp.mlp([4, 5, 4], backend="reference")
    >>> try:
    ...     history = mbp.fit(net, data, mbp.SGD(net.parameters(), lr=1e30), batch_size=1, epochs=2)
    ... except mbp.Diverged as error:
    ...     print(error)
    the loss became ... at step ...
    """


def short(value: object) -> str:
    """The repr of what a user gave, shortened where it would fill the screen."""
    try:
        text = repr(value)
    except ValueError:  # an int of thousands of digits
        return "a number of thousands of digits"
    return text if len(text) <= 60 else f"{text[:40]}... ({len(text)} characters)"


def unknown(what: str, name: object, known: Iterable[str]) -> BadInput:
    """The error for a name that is not in `known`, with the nearest one that is."""
    names = sorted(known)
    near = difflib.get_close_matches(str(name), names, n=1)
    if not near:  # wrong capitals are the commonest slip, and difflib counts them as other letters
        near = [n for n in names if n.lower() == str(name).lower()]
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return BadInput(f"unknown {what} {str(name)!r}{hint} (known: {', '.join(names)})")


def check_int(what: str, value: Any, least: int = 0) -> int:
    """A whole number that somebody gave, checked.

    Parameters
    ----------
    what : str
        Its name, for the message.
    value : object
        What was given.
    least : int, default 0
        The smallest number that is allowed.

    Returns
    -------
    int

    Raises
    ------
    BadInput
        For a smaller number, and for fractions, NaN, booleans and text.

    Examples
    --------
    >>> check_int("seeds", 5, least=1)
    5
    >>> check_int("seeds", 0, least=1)
    Traceback (most recent call last):
    ...
    minimalbp.errors.BadInput: seeds must be at least 1, not 0
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise BadInput(f"{what} must be a whole number of at least {least}, not {short(value)}")
    if value < least:
        raise BadInput(f"{what} must be at least {least}, not {short(value)}")
    return int(value)


def check_float(
    what: str, value: Any, low: float, high: float = math.inf, *, open_low: bool = False, finite: bool = True
) -> float:
    """A number that somebody gave, checked.

    Parameters
    ----------
    what : str
        Its name, for the message.
    value : object
        What was given.
    low, high : float
        The smallest and the largest number allowed; high is infinity by default.
    open_low : bool, default False
        Whether `low` itself is refused.
    finite : bool, default True
        Whether infinity is refused.

    Returns
    -------
    float

    Raises
    ------
    BadInput
        For a number outside of the range, and for NaN, booleans and text.

    Examples
    --------
    >>> check_float("dropout", 0.5, 0, 1)
    0.5
    >>> check_float("lr", 0, 0, open_low=True)
    Traceback (most recent call last):
    ...
    minimalbp.errors.BadInput: lr must be a number in (0, inf), not 0
    """
    ok = isinstance(value, numbers.Real) and not isinstance(value, bool)
    ok = ok and (low < value if open_low else low <= value) and value <= high
    if not ok or (finite and value in (math.inf, -math.inf)):
        bracket = "(" if open_low or low == -math.inf else "["
        close = ")" if high == math.inf else "]"
        raise BadInput(f"{what} must be a number in {bracket}{low:g}, {high:g}{close}, not {short(value)}")
    try:
        return float(value)
    except OverflowError:  # an int of hundreds of digits
        raise BadInput(f"{what} is too large a number for a float") from None
