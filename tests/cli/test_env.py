"""`minimalbp env`, --version, --help, and what `main` does with what goes wrong."""

import json
import sys

import pytest

import minimalbp
from minimalbp.backend import kernel_cache
from minimalbp.cli import env, main


def test_env_as_json(capsys):
    assert main(["env", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["machine"]["minimalbp"] == minimalbp.__version__
    assert {"numpy", "numba", "cpu", "cores"} <= set(found["machine"])
    assert any(pool["pool"] == "numba" for pool in found["threads"])
    assert found["kernel_cache"] == kernel_cache()


def test_env_as_text(capsys, monkeypatch):
    monkeypatch.setattr("minimalbp.backend.kernel_cache", lambda: None)
    assert main(["env"]) == 0
    out = capsys.readouterr().out
    assert "numba" in out and "not kept" in out and "data, cache" in out


def test_version_and_help(capsys):
    assert main(["--version"]) == 0
    assert minimalbp.__version__ in capsys.readouterr().out
    assert main(["train", "--help"]) == 0
    assert "--k K" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [(["trian"], "did you mean train?"), ([], "required"), (["data", "lst"], "did you mean list?"),
     (["train", "--hiden=3"], "did you mean --hidden?"), (["train", "--k"], "expected one argument")],
)  # fmt: skip
def test_bad_usage_gets_one_line(capsys, words, said):
    assert main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


@pytest.mark.parametrize(("error", "status"), [(MemoryError(), 2), (KeyboardInterrupt(), 130)])
def test_what_ends_a_command(capsys, monkeypatch, error, status):
    def fail(args):
        raise error

    monkeypatch.setattr(env, "run", fail)
    assert main(["env"]) == status
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_closed_stdout_is_said(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["env"]) == 2
    assert "stdout is closed" in capsys.readouterr().err


def test_a_reader_that_leaves_is_no_error(monkeypatch, tmp_path):
    def fail(args):
        raise BrokenPipeError

    monkeypatch.setattr(env, "run", fail)
    with open(tmp_path / "out", "w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        assert main(["env"]) == 0
