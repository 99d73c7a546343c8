"""Fixtures of the tests of data: folders of their own, and a mirror."""

import pytest
from mirror import Mirror


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """No test sees the user's data or writes in the user's cache."""
    monkeypatch.delenv("MINIMALBP_DATA", raising=False)
    monkeypatch.setenv("MINIMALBP_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def mirror(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = Mirror()
    yield server
    server.close()
