"""Reading a known set: found on this machine or fetched, and verified."""

from __future__ import annotations

from ..raw_files import find_file
from .fetch import fetch
from .locations import cache_dir, locate, read_verified
from .registry import KnownSet


def read_known(entry: KnownSet) -> tuple[dict[str, bytes], set[str]]:
    """Verified bytes of each file of a known set, and the kinds of location they came from.

    What lies neither in $MINIMALBP_DATA nor in the cache is fetched. Of a set in archives one is read, the first
    that is here. Raises BadInput as `fetch` does.
    """
    found = {file.name: locate(entry, file) for file in entry.files}
    wanted = entry.files
    if entry.archives:
        wanted = tuple(file for file in entry.files if found[file.name])[:1] or entry.files[:1]
    if any(found[file.name] is None for file in wanted):
        fetch(entry.name)
    raw, kinds = {}, set()
    for file in wanted:
        hit = found[file.name]
        path = hit[1] if hit else find_file(cache_dir() / entry.name, file.name)
        assert path is not None  # fetch has put it there
        raw[file.name] = read_verified(entry, file, path)
        kinds.add(hit[0].kind if hit else "cache")
    return raw, kinds
