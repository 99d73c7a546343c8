"""The normal form and the shape of a word."""

from __future__ import annotations

import re

DIGIT = re.compile(r"\d")
REPEATED = re.compile(r"(.)\1+", re.DOTALL)


def normal(form: str) -> str:
    """The form that vocabularies hold: lower case, with 0 for every digit, so that "2004" and "1999" are one word.

    `shape` keeps the capitals.
    """
    return DIGIT.sub("0", form.lower())


def shape(form: str) -> str:
    """Capitals as X, small letters as x, digits as 0, the rest as it is, without repetitions: "I-95" is "X-0"."""
    kinds = ("X" if c.isupper() else "x" if c.isalpha() else "0" if c.isdigit() else c for c in form)
    return REPEATED.sub(r"\1", "".join(kinds))
