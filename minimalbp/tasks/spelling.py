"""What a word's spelling tells: its normal form, its shape, its beginning and end."""

from __future__ import annotations

import re

DIGIT = re.compile(r"\d")
REPEATED = re.compile(r"(.)\1+", re.DOTALL)


def normal(form: str) -> str:
    """The form that vocabularies hold: lower case, every digit a 0 ("2004" and "1999" are one word: "0000").

    Capitals are no loss: `shape` keeps them.
    """
    return DIGIT.sub("0", form.lower())


def shape(form: str) -> str:
    """Capitals as X, small letters as x, digits as 0, all else as it is; repetitions once: "I-95" is "X-0"."""
    kinds = ("X" if c.isupper() else "x" if c.isalpha() else "0" if c.isdigit() else c for c in form)
    return REPEATED.sub(r"\1", "".join(kinds))
