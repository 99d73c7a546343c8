"""Read from text how many units are chosen, and when that changes."""

from __future__ import annotations

import math
from typing import Any

from ..errors import BadInput, check_int, short


def parse_k(k: Any) -> dict[str, Any]:
    """Read a number of units, or a percentage.

    Parameters
    ----------
    k : int or str
        25, "25" or "5%".

    Returns
    -------
    dict
        {"k": 25} or {"ratio": 0.05}, as selectors take it.

    Raises
    ------
    BadInput
        For anything else.

    Examples
    --------
    >>> parse_k("5%")
    {'ratio': 0.05}
    """
    text = str(k).strip()
    try:
        if "_" in text or "e" in text.lower():  # which Python reads as parts of numbers
            raise ValueError
        if text.endswith("%"):
            percent = float(text[:-1])
            if not 0 < percent <= 100:  # false for NaN too
                raise BadInput(f"k as a percentage must be above 0% and at most 100%, not {text}")
            return {"ratio": percent / 100}
        return {"k": check_int("k", int(text) if not isinstance(k, bool) else k, least=1)}
    except ValueError as e:
        if isinstance(e, BadInput):
            raise
        raise BadInput(
            f"k must be a whole number of at least 1, such as 25, or a percentage, such as 5%, not {short(k)}"
        ) from None


def parse_k_schedule(text: Any) -> list[tuple[float, dict[str, Any]]]:
    """Read at which points of a training k changes.

    Parameters
    ----------
    text : str
        "10%@2,5%@5": 10 % after two epochs, 5 % after five. Each k is as for `parse_k`; epochs ascend, and may be
        fractions such as 0.5.

    Returns
    -------
    list of (float, dict)
        The epochs and what `parse_k` returns, such as [(2.0, {"ratio": 0.1}), (5.0, {"ratio": 0.05})].

    Raises
    ------
    BadInput
        For anything else.

    Examples
    --------
    >>> parse_k_schedule("10%@0.5,25@2")
    [(0.5, {'ratio': 0.1}), (2.0, {'k': 25})]
    """
    changes: list[tuple[float, dict[str, Any]]] = []
    for change in text.split(",") if isinstance(text, str) else [""]:
        k, _, epoch = change.partition("@")
        try:
            at = float(epoch)
        except ValueError:
            at = math.nan
        if not 0 < at < math.inf:
            raise BadInput(f"k_schedule must be K@EPOCH above epoch 0, such as 10%@2,5%@5, not {short(text)}")
        if changes and at <= changes[-1][0]:
            raise BadInput(
                f"the epochs of k_schedule must ascend, as in 10%@2,5%@5; {at:g} comes after {changes[-1][0]:g}"
            )
        try:
            changes.append((at, parse_k(k)))
        except BadInput as e:
            raise BadInput(f"in k_schedule, {e}") from None
    return changes
