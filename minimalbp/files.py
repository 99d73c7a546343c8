"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import BadInput


@contextlib.contextmanager
def replacing(path: Path, remedy: str = "choose another folder with room") -> Iterator[Path]:
    """A temporary path beside `path`: the file written there replaces `path` when the block ends without an error.

    Missing folders are made. A link stays a link, and the file that it points to is replaced. Raises BadInput,
    with the `remedy`, where the folder cannot be written, and where `path` is not a plain file: renaming over a
    device such as /dev/null would take it from the whole machine. After an error the old file, if any, is left.
    """
    target = Path(os.path.realpath(path))
    temporary = target.parent / f".{target.name}.{os.getpid()}.tmp"
    try:
        if target.exists() and not target.is_file():
            raise BadInput(f"cannot write {path}: it is no plain file; give the name of one")
        target.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, target)
    except OSError as e:
        raise BadInput(f"cannot write {path}: {e.strerror or e}; {remedy}") from e
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as readable JSON. Raises BadInput as `replacing` does."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """The JSON in a file. Raises BadInput where there is no file or no valid JSON in it."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as e:
        raise BadInput(f"cannot read {path}: {e.strerror or e}") from e
    except ValueError as e:
        raise BadInput(f"{path} is not valid JSON ({e}); it may be cut short") from e
    except RecursionError as e:
        raise BadInput(f"{path} is not valid JSON: it is nested too deep") from e
