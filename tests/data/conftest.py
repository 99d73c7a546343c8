"""Fixtures of the tests of data: folders of their own, and a mirror on this machine."""

import gzip
import http.server
import threading
from contextlib import suppress

import pytest


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """No test sees the user's data or writes in the user's cache."""
    monkeypatch.delenv("MINIMALBP_DATA", raising=False)
    monkeypatch.setenv("MINIMALBP_CACHE", str(tmp_path / "cache"))


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
                with suppress(BrokenPipeError):  # from a client that has given up
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
