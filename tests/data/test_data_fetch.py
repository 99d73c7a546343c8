"""Fetching from mirrors: an http server on this machine serves a tiny set, well or badly."""

import gzip
import http.server
import threading

import pytest
from test_data_check import refused
from test_data_known import NAMES, put, tiny_files, tiny_set

from minimalbp.data import KNOWN, load_dataset
from minimalbp.data.known import fetch as fetching
from minimalbp.data.known.fetch import fetch
from minimalbp.data.raw_files import sha256


class Mirror:
    """`pages`: path -> bytes, or a status. Whatever it has not is 404. `asked`: every path asked for."""

    def __init__(self):
        self.pages, self.asked, self.wait = {}, [], None
        mirror = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                mirror.asked.append(self.path)
                if mirror.wait is not None:
                    mirror.wait.wait(5)
                page = mirror.pages.get(self.path, 404)
                self.send_response(page if isinstance(page, int) else 200)
                body = b"" if isinstance(page, int) else page
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def serve(self, folder, files, zipped=True):
        pages = {f"/{folder}/{n}.gz": gzip.compress(raw) if zipped else raw for n, raw in files.items()}
        self.pages.update(pages)
        return f"{self.url}/{folder}/"

    def close(self):
        if self.wait is not None:
            self.wait.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def mirror(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = Mirror()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """No test sees the user's data or writes in the user's cache."""
    monkeypatch.delenv("MINIMALBP_DATA", raising=False)
    monkeypatch.setenv("MINIMALBP_CACHE", str(tmp_path / "cache"))


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
