"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import BadInput

__all__ = ["check_writable", "read_json", "replacing", "write_json"]


@contextlib.contextmanager
def replacing(path: Path, remedy: str = "choose another folder with room") -> Iterator[Path]:
    """A temporary path beside `path`: the file written there replaces `path` when the block ends without an error.

    Missing folders are made. A link stays a link, and the file that it points to is replaced. After an error the
    old file, if any, is left.

    Parameters
    ----------
    path : Path
        The file to write.
    remedy : str
        What to do where the folder cannot be written, for the message.

    Yields
    ------
    Path
        The temporary path.

    Raises
    ------
    BadInput
        Where the folder cannot be written, and where `path` is not a plain file: renaming over a device such as
        /dev/null would take it from the whole machine.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "figures" / "result.txt"
    ...     with replacing(path) as temporary:
    ...         _ = temporary.write_text("42")
    ...     path.read_text()
    '42'
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


class _Enough(Exception):
    """Ends a rehearsal."""


def check_writable(path: Path) -> None:
    """Raise now what writing a file would raise after hours of work. Missing folders are made.

    Parameters
    ----------
    path : Path
        The file to be written later. It stays as it is.

    Raises
    ------
    BadInput
        As `replacing` does.
    """
    with contextlib.suppress(_Enough), replacing(path) as temporary:
        temporary.touch()
        raise _Enough


def write_json(path: Path, value: Any) -> None:
    """Write a value as readable JSON, as a whole file or not at all.

    Parameters
    ----------
    path : Path
        The file to write. Missing folders are made.
    value : object
        Of what JSON has.

    Raises
    ------
    BadInput
        Where it cannot be written.
    """
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read the JSON in a file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    object

    Raises
    ------
    BadInput
        Where there is no file, or no valid JSON in it.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as e:
        raise BadInput(f"cannot read {path}: {e.strerror or e}") from e
    except ValueError as e:
        raise BadInput(f"{path} is not valid JSON ({e}); it may be cut short") from e
    except RecursionError as e:
        raise BadInput(f"{path} is not valid JSON: it is nested too deep") from e
