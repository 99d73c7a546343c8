"""Fetching from mirrors: an http server on this machine serves a tiny set, well or badly."""

import threading

import pytest
from helpers import refused
from known_sets import NAMES, put, tiny_files, tiny_set

from minimalbp.data import KNOWN, load_dataset
from minimalbp.data.known import fetch as fetching
from minimalbp.data.known.fetch import fetch
from minimalbp.data.raw_files import sha256


def use_mirrors(monkeypatch, *urls):
    monkeypatch.setitem(KNOWN, "tiny", tiny_set(mirrors=urls))


@pytest.mark.parametrize("zipped", [True, False])
def test_fetched_once_then_found(tmp_path, monkeypatch, mirror, zipped):
    use_mirrors(monkeypatch, mirror.serve("a", tiny_files(), zipped))
    assert load_dataset("tiny").source == "cache"
    assert mirror.asked == [f"/a/{name}.gz" for name in NAMES]
    names = sorted(p.name for p in (tmp_path / "cache" / "tiny").iterdir())
    assert names == sorted(name + ".gz" * zipped for name in NAMES)  # and nothing half-written
    lines = []
    paths = fetch("tiny", say=lines.append)
    assert load_dataset("tiny").source == "cache"
    assert len(mirror.asked) == 4
    assert [p.parent for p in paths] == [tmp_path / "cache" / "tiny"] * 4
    assert all("already here, SHA-256 good" in line for line in lines)


def test_only_the_missing_file_is_fetched(tmp_path, monkeypatch, mirror):
    use_mirrors(monkeypatch, mirror.serve("a", tiny_files()))
    put(tmp_path / "cache" / "tiny", tiny_files())
    (tmp_path / "cache" / "tiny" / (NAMES[2] + ".gz")).write_bytes(b"broken")
    lines = []
    fetch("tiny", say=lines.append)
    assert mirror.asked == [f"/a/{NAMES[2]}.gz"]
    assert ["fetched" in line for line in lines] == [False, False, True, False]
    load_dataset("tiny")


def test_mirrors_are_tried_in_turn(monkeypatch, mirror):
    wrong = mirror.serve("wrong", tiny_files(shift=1))
    good = mirror.serve("good", tiny_files())
    use_mirrors(monkeypatch, "http://127.0.0.1:1/", f"{mirror.url}/none/", wrong, good)
    load_dataset("tiny")
    assert mirror.asked[:3] == [f"/{folder}/{NAMES[0]}.gz" for folder in ("none", "wrong", "good")]
    assert len(mirror.asked) == 6  # a mirror that failed is not asked again


def test_without_network_one_line_says_it_all(tmp_path, monkeypatch):
    use_mirrors(monkeypatch, "http://127.0.0.1:1/", "no-scheme/")
    put(tmp_path / "cache" / "tiny", {NAMES[0]: tiny_files()[NAMES[0]]})
    message = refused(
        lambda: load_dataset("tiny"),
        "tiny is not on this machine and no mirror gave it (127.0.0.1:1: no connection",
        str(tmp_path / "cache" / "tiny"),
        *(f"{name} (SHA-256 {sha256(tiny_files()[name])})" for name in NAMES[1:]),
    )
    assert NAMES[0] not in message  # that one is there


def test_all_mirrors_bad(monkeypatch, mirror):
    mirror.pages[f"/busy/{NAMES[0]}.gz"] = 503
    page = mirror.serve("page", {NAMES[0]: b"<html>please log in</html>"}, zipped=False)
    use_mirrors(monkeypatch, f"{mirror.url}/busy/", page)
    refused(lambda: fetch("tiny"), "HTTP status 503", f"wrong content for {NAMES[0]}")


def test_a_silent_mirror_is_given_up(monkeypatch, mirror):
    mirror.wait = threading.Event()
    monkeypatch.setattr(fetching, "TIMEOUT", (0.2, 0.2))
    use_mirrors(monkeypatch, mirror.serve("a", tiny_files()))
    refused(lambda: load_dataset("tiny"), "no answer in time")


def test_an_unwritable_cache(tmp_path, monkeypatch, mirror):
    use_mirrors(monkeypatch, mirror.serve("a", tiny_files()))
    (tmp_path / "cache").write_text("a file, not a folder")
    refused(
        lambda: load_dataset("tiny"), "cannot write", "set MINIMALBP_CACHE to a folder that can be written"
    )
