"""What users ask to be measured, checked: k, selectors, seconds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import BadInput, check_float, check_int, unknown


def resolve_ks(ks: Iterable[int | float], n_out: int) -> list[int]:
    """Turn numbers and shares of units into the k of one layer.

    Parameters
    ----------
    ks : iterable of int or float
        Units, such as 25, or shares of them, such as 0.05, which are rounded to at least one.
    n_out : int
        Units of the layer.

    Returns
    -------
    list of int
        Ascending, each once.

    Raises
    ------
    BadInput
        For a k below 1 or above `n_out`, a share outside (0, 1], and no k at all.

    Examples
    --------
    >>> from minimalbp.cost import resolve_ks
    >>> resolve_ks([25, 0.1, 0.05], n_out=500)
    [25, 50]
    """
    found = set()
    for k in ks:
        if isinstance(k, float):
            found.add(max(1, round(check_float("k as a share", k, 0, 1, open_low=True) * n_out)))
        else:
            found.add(check_int("k", k, least=1))
    if not found:
        raise BadInput("ks must hold at least one k, such as 25 or 0.05")
    if max(found) > n_out:
        raise BadInput(f"k = {max(found)} is larger than the layer's {n_out} units; use k in 1..{n_out}")
    return sorted(found)


def check_seconds(seconds: float) -> float:
    """Seconds of measuring. Raises BadInput unless they are above 0 and at most an hour."""
    return check_float("seconds", seconds, 0, 3600, open_low=True)


def check_selects(selects: Sequence[str], known: Iterable[str]) -> Sequence[str]:
    """The names of selectors. Raises BadInput for one that is not known."""
    for name in selects:
        if name not in known:
            raise unknown("select", name, known)
    return selects
