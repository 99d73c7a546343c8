"""Fetching known sets from the public mirrors into the cache, with pooch's downloader."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from ...errors import BadInput
from ..raw_files import gunzip, one_line
from .cache import in_cache, store
from .locations import cache_dir, locate, locate_unpacked, read_verified, verify
from .registry import KnownFile, KnownSet, known_set

# Seconds to connect, and between two bytes: without network a command must not hang
TIMEOUT = (3.05, 20.0)


class Unreachable(Exception):
    """A mirror that gave no file; the message says why."""


def download(url: str) -> bytes:
    """The bytes at `url`, with a progress bar on a terminal. Raises Unreachable."""
    import pooch
    import requests

    get = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), chunk_size=1 << 16, timeout=TIMEOUT)
    out = io.BytesIO()
    try:
        get(url, out, None)
    except requests.HTTPError as e:
        status = "unknown" if e.response is None else e.response.status_code
        raise Unreachable(f"HTTP status {status}") from e
    except requests.Timeout as e:
        raise Unreachable("no answer in time") from e
    except requests.ConnectionError as e:
        raise Unreachable("no connection") from e
    except requests.RequestException as e:
        raise Unreachable(one_line(e)) from e
    return out.getvalue()


def fetch(name: str, say: Callable[[str], object] = lambda line: None) -> list[Path]:
    """Bring the files of the known set `name` into the cache, except those that are here and good already.

    A good file may lie in the cache or in $MINIMALBP_DATA. Of a set in archives one is enough. `say` is called with
    one line for each file. Returns the paths, in the order of the registry. Raises BadInput if no mirror has a good
    copy; its line names the files, their hashes and the folder to put them in.
    """
    entry = known_set(name)
    paths: list[Path] = []
    failures: dict[str, str] = {}
    here = {file: in_cache(entry, file) or _good(entry, file) for file in entry.files}
    wanted = entry.files
    if entry.archives:
        if not any(here.values()) and (unpacked := locate_unpacked(entry)):
            say(f"{unpacked[1]}  already here, unpacked")
            return [unpacked[1]]
        wanted = tuple(file for file in entry.files if here[file])[:1] or entry.files[:1]
    for file in wanted:
        path = here[file]
        if path is not None:
            say(f"{path}  already here, SHA-256 good")
        else:
            path = _from_mirrors(entry, file, failures)
            say(f"{path}  fetched, SHA-256 good")
        paths.append(path)
    return paths


def _good(entry: KnownSet, file: KnownFile) -> Path | None:
    """The path that is in use for a file, if its content is right."""
    hit = locate(entry, file)
    try:
        if hit is not None:
            read_verified(entry, file, hit[1])
            return hit[1]
    except BadInput:
        pass
    return None


def _from_mirrors(entry: KnownSet, file: KnownFile, failures: dict[str, str]) -> Path:
    """Fetch one file from the first mirror that has a good copy.

    Adds to `failures` why a mirror failed; a mirror that failed once is not asked for the next file.
    """
    for mirror in entry.mirrors:
        if mirror in failures:
            continue
        url = f"{mirror}{file.name}{entry.packed}"
        try:
            data = download(url)
            verify(entry, file, data if file.archive else gunzip(data, url), url)
        except Unreachable as e:
            failures[mirror] = str(e)
        except BadInput:
            failures[mirror] = f"wrong content for {file.name}"
        else:
            return store(entry, file, data)
    raise _no_mirror(entry, failures)


def _no_mirror(entry: KnownSet, failures: dict[str, str]) -> BadInput:
    tried = "; ".join(f"{urlsplit(mirror).netloc}: {why}" for mirror, why in failures.items())
    missing = [file for file in entry.files if in_cache(entry, file) is None]
    files = ", ".join(f"{file.name} (SHA-256 {file.sha256})" for file in missing)
    start = f"{entry.name} is not on this machine and no mirror gave it ({tried})"
    folder = cache_dir() / entry.name
    if entry.archives:
        return BadInput(f"{start}; get one of these archives elsewhere and put it in {folder}: {files}")
    return BadInput(
        f"{start}; get these files elsewhere, .gz or not, and put them in {folder} "
        f"(hashes of the decompressed bytes): {files}"
    )
