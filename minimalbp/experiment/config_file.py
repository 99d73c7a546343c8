"""A TOML file with the settings of a run, by the names of the command line."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

from ..errors import BadInput, unknown
from .settings import Settings


def read_toml(path: str | Path, more: tuple[str, ...] = ()) -> dict[str, Any]:
    """The settings in a TOML file, and its values of the names in `more`. no-compare stands for no_compare.

    Raises BadInput for a file that cannot be read, and for an unknown name.
    """
    try:
        with open(path, "rb") as f:
            found = tomllib.load(f)
    except OSError as e:
        raise BadInput(f"cannot read {path}: {e.strerror or e}") from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise BadInput(f"{path} is not valid TOML: {e}") from e
    found = {name.replace("-", "_"): value for name, value in found.items()}
    names = [*(f.name for f in fields(Settings)), *more]
    for name in found:
        if name not in names:
            raise unknown(f"setting in {path}", name, names)
    return found
