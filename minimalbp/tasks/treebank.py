"""What the tasks on sentences have in common: the parts of a treebank, and what is said of them."""

from __future__ import annotations

from typing import Any

from ..data import Treebank
from ..errors import BadInput

PARTS = ("train", "dev", "test")


def describe(bank: Treebank) -> dict[str, Any]:
    """What every report says of a treebank."""
    parts = {part: getattr(bank, part) for part in PARTS}
    return {
        "name": bank.name, "source": bank.source, "sha256": bank.sha256, "division": bank.division,
        **{part: len(sentences) for part, sentences in parts.items()},
        "words": {part: sum(map(len, sentences)) for part, sentences in parts.items()},
    }  # fmt: skip


def check_part(bank: Treebank, part: str, check: Any) -> None:
    """`check(sentences)` of a part; what it refuses is told with the names of the treebank and the part."""
    try:
        check(getattr(bank, part))
    except BadInput as e:
        raise BadInput(f"{bank.name} {part}: {e}") from None
