"""Initial weights, buffers, files, messages, the progress bar and the machine: the parts that others stand on."""

import importlib
import io
import json
import math
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numba
import numpy as np
import pytest
from helpers import refused

import minimalbp as mbp
from minimalbp.backend import Buffers, get_backend, kernel_cache
from minimalbp.errors import check_float, check_int, unknown
from minimalbp.files import read_json, replacing, write_json
from minimalbp.layers.initialisers import INITIALISERS, get_initialiser
from minimalbp.train.progress import Progress

machine_module = importlib.import_module("minimalbp.measure.machine")  # its name is that of the function
N_OUT, N_IN = 200, 300
VARIANCE = {"glorot_uniform": 2 / 500, "glorot_normal": 2 / 500, "he": 2 / 300, "meprop_wide": 6 / 500}


# --- initial weights ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(INITIALISERS))
def test_initial_variance(name, rng):
    w = get_initialiser(name)(rng, N_OUT, N_IN)
    assert w.shape == (N_OUT, N_IN)
    spread = math.sqrt(2 / w.size)  # of a sample variance, relative; that of a uniform is smaller
    assert w.var() == pytest.approx(VARIANCE[name], rel=4 * spread)
    assert abs(w.mean()) < 4 * math.sqrt(VARIANCE[name] / w.size)
    if name == "glorot_uniform":
        assert np.abs(w).max() <= math.sqrt(6 / 500)
    else:
        assert np.abs(w).max() > 3 * math.sqrt(VARIANCE[name])


def test_initialisers_reach_the_layers():
    for name in INITIALISERS:
        net = mbp.mlp([N_IN, N_OUT, 2], init=name, backend="reference", dtype="float64")
        assert net.parameters()[0].value.var() == pytest.approx(VARIANCE[name], rel=0.05)
        assert not net.parameters()[1].value.any()


# --- memory -------------------------------------------------------------------------------------------


def test_buffers_are_allocated_once(backend, dtype):
    buf = Buffers(get_backend(backend), dtype)
    a = buf.get("a", (2, 3))
    assert (a.dtype, a.shape) == (np.dtype(dtype), (2, 3)) and not a.any()
    assert buf.get("a", (2, 3)) is a
    assert buf.get("a", (3, 3)) is not a and buf.get("b", (2, 3)) is not a
    assert buf.get("c", (4,), "int32").dtype == np.int32


def test_in_and_out_of_a_backend(backend):
    be = get_backend(backend)
    assert be is get_backend(backend)
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert be.put(array, "float32") is array
    turned = be.put(array.T, "float64")
    assert turned.flags.c_contiguous and turned.dtype == np.float64
    copy = be.get(array)
    copy[:] = 7
    assert array[0, 0] == 0


# --- messages -----------------------------------------------------------------------------------------


def test_the_nearest_known_name():
    assert "did you mean 'adam'" in str(unknown("optimizer", "adma", ["adam", "sgd"]))
    assert "did you mean 'adam'" in str(unknown("optimizer", "ADAM", ["adam", "sgd"]))
    assert "did you mean" not in str(unknown("optimizer", "xyz", ["adam", "sgd"]))
    assert "known: adam, sgd" in str(unknown("optimizer", 5, ["sgd", "adam"]))


def test_whole_numbers_and_numbers():
    assert check_int("n", np.int32(3)) == 3 and type(check_int("n", np.int64(3))) is int
    refused(lambda: check_int("n", -1), "n must be at least 0, not -1")
    refused(lambda: check_int("n", 2.0, least=1), "whole number of at least 1", "2.0")
    assert check_float("p", np.float32(0.5), 0, 1) == 0.5 and check_float("p", 0, 0) == 0.0
    refused(lambda: check_float("p", 0, 0, open_low=True), "(0, inf)")
    refused(lambda: check_float("p", 1.5, 0, 1), "[0, 1]", "1.5")
    refused(lambda: check_float("p", math.nan, 0), "nan")


# --- files --------------------------------------------------------------------------------------------


def test_a_number_beyond_floats():
    refused(lambda: check_float("lr", 10**400, 0), "lr is too large")


def test_a_file_is_there_whole_or_not_at_all(tmp_path):
    path = tmp_path / "f.txt"
    path.write_text("old")
    with pytest.raises(KeyError), replacing(path) as temporary:
        temporary.write_text("half")
        raise KeyError
    assert path.read_text() == "old"
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old" and temporary.parent == path.parent
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_target_that_cannot_be_replaced(tmp_path):
    (tmp_path / "folder").mkdir()

    def write():
        with replacing(tmp_path / "folder") as temporary:
            temporary.write_text("x")

    refused(write, "cannot write", "folder", "no plain file")
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]


@pytest.mark.parametrize("through_a_link", [False, True])
def test_a_pipe_or_device_is_left_alone(tmp_path, through_a_link):
    """Root may rename a file over /dev/null, which the machine then lacks: a pipe stands for it here."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")

    def write():
        with replacing(tmp_path / ("link" if through_a_link else "pipe")) as temporary:
            temporary.write_text("x")

    refused(write, "cannot write", "no plain file")
    assert (tmp_path / "pipe").is_fifo() and (tmp_path / "link").is_symlink()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_link_stays_one(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder/file")
    for text in ("new", "newer"):  # led nowhere at first
        with replacing(tmp_path / "link") as temporary:
            temporary.write_text(text)
        assert (tmp_path / "link").is_symlink() and (tmp_path / "folder/file").read_text() == text


@pytest.mark.parametrize("name", ["", ".", "/", ".."])
def test_a_name_that_is_a_folders(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    refused(lambda: write_json(name, 1), "cannot write", "no plain file")
    assert not list(tmp_path.iterdir())


def test_json_there_and_back(tmp_path):
    path = tmp_path / "f.json"
    write_json(path, {"a": [1, None, "ü"]})
    assert read_json(path) == {"a": [1, None, "ü"]}
    path.write_text(path.read_text()[:-4])
    refused(lambda: read_json(path), "not valid JSON", "cut short")
    path.write_text("[" * 100_000)
    refused(lambda: read_json(path), "not valid JSON", "nested")
    refused(lambda: read_json(tmp_path / "none.json"), "cannot read", "No such file")


# --- progress -----------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("stream, shown", [(Terminal, True), (io.StringIO, False)])
def test_a_bar_on_a_terminal_and_silence_in_a_pipe(stream, shown, monkeypatch):
    out = stream()
    monkeypatch.setattr(sys, "stderr", out)
    with Progress("dense", total=3, start=1) as bar:
        bar.advance(0.5)
    text = out.getvalue()
    assert ("dense" in text and "1/3" in text) == shown
    assert bool(text) == shown


def test_no_bar_where_stderr_is_closed(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    with Progress("dense", total=3) as bar:
        bar.advance(0.5)


def test_every_step_reaches_the_bar(monkeypatch):
    """Many steps in no time are shown a few at once, the last of them at the end."""
    steps, told = [], []
    bar = SimpleNamespace(
        update=steps.append, close=lambda: None, set_postfix_str=lambda s, refresh: told.append(s)
    )
    monkeypatch.setattr("tqdm.tqdm", lambda **options: bar)
    with Progress("dense", total=1000) as progress:
        for _ in range(1000):
            progress.advance(0.5, lambda: "pruned 0:5%")
    assert sum(steps) == 1000
    assert told[0] == "loss 0.5000, pruned 0:5%"


def test_no_label_no_bar(capsys):
    with Progress(None, total=3) as bar:
        bar.advance(0.5)
    assert capsys.readouterr() == ("", "")


# --- the machine --------------------------------------------------------------------------------------


def test_the_machine_as_json(monkeypatch):
    facts = json.loads(json.dumps(mbp.machine()))
    assert facts["minimalbp"] == mbp.__version__ and facts["numpy"] == np.__version__
    assert facts["cores"] >= 1 and facts["cpu"]

    true_read = Path.read_text

    def unreadable(self, *args, **kwargs):
        if self == Path("/proc/cpuinfo"):
            raise OSError
        return true_read(self, *args, **kwargs)

    monkeypatch.setattr(Path, "read_text", unreadable)
    assert mbp.machine()["cpu"]
    assert machine_module.version("a-package-that-is-not-there") is None


def test_thread_pools():
    pools = json.loads(json.dumps(machine_module.thread_pools()))
    assert pools[-1]["pool"] == "numba"
    assert any("blas" in p["pool"] for p in pools)
    assert all(p["threads"] >= 1 for p in pools)


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled with the JIT off")
def test_the_folder_of_compiled_kernels_holds_them():
    get_backend("cpu").activation.relu(*np.zeros((2, 1, 3), np.float32))
    folder = kernel_cache()
    assert folder is None or list(Path(folder).glob("activation._relu-*.nbi"))
