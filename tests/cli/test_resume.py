"""`minimalbp train --resume`, and Ctrl-C before it: what goes on, what is kept, what is refused."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from commands import outcome, refused, report
from helpers import Told

from minimalbp.backend import cores
from minimalbp.cli import main
from minimalbp.experiment import arms


def test_what_resume_refuses(capsys, small, points, tmp_path):
    out = tmp_path / "run"
    report(capsys, *small, "--out", out)
    resume = ["train", "--resume", out]
    assert "leave out --out" in refused(capsys, *resume, "--out", tmp_path / "other")
    assert "only --epochs and --threads may change" in refused(capsys, *resume, "--lr", "0.1")
    assert "must not be fewer" in refused(capsys, *resume, "--epochs", "1")
    assert "leave out --no-compare" in refused(capsys, *resume, "--no-compare")
    run, metrics = (out / "run.json").read_bytes(), (out / "metrics.jsonl").read_bytes()
    kept = (out / "topk-2.checkpoint.npz").read_bytes()
    (out / "topk-2.checkpoint.npz").write_bytes(kept[: len(kept) // 2])
    assert "not a whole checkpoint" in refused(capsys, *resume, "--epochs", "3")
    (out / "topk-2.checkpoint.npz").write_bytes(kept)
    (out / "run.json").write_bytes(run.replace(b'"k": 2', b'"k": 3'))
    assert "topk-2.checkpoint.npz belongs to no run" in refused(capsys, *resume)
    (out / "run.json").write_bytes(run.replace(b'"seed": 0', b'"seed": 1'))
    assert "seed is 0 there, 1 here" in refused(capsys, *resume)
    (out / "run.json").write_bytes(run)
    assert (out / "metrics.jsonl").read_bytes() == metrics  # a refusal changes nothing
    (out / "dense.checkpoint.npz").write_bytes((out / "topk-2.checkpoint.npz").read_bytes()[:0])
    assert "not a whole checkpoint" in refused(capsys, *resume)
    (out / "dense.checkpoint.npz").unlink()
    (out / "topk-2.safetensors").unlink()
    assert "topk-2.safetensors is missing" in refused(capsys, *resume)
    x = np.ones((90, 5), np.float32)
    np.savez(points, x=x, y=np.arange(90) % 3)
    assert "other data" in refused(capsys, *resume)
    (out / "run.json").write_text("{}")
    assert "not that of a training run" in refused(capsys, *resume)
    (out / "run.json").write_text("{")
    assert "not valid JSON" in refused(capsys, *resume)


@pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="the run would take minutes without the JIT")
def test_ctrl_c_keeps_the_checkpoint_and_resume_ends_where_the_whole_run_does(capsys, points, tmp_path):
    out = tmp_path / "run"
    words = ["train", "--data", points, "--hidden", "8,6", "--k", "2", "--batch", "2", "--no-compare"]
    command = [sys.executable, "-m", "minimalbp", *words, "--epochs", "200000", "--out", str(out)]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # which a shell's background jobs ignore
    )  # fmt: skip
    while not (out / "topk-2.checkpoint.npz").exists() and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate()
    assert process.returncode == 130
    assert stdout == "" and "--resume" in stderr and "Traceback" not in stderr
    # What is kept can be read, and going on from it ends where an uninterrupted run does.
    with np.load(out / "topk-2.checkpoint.npz", allow_pickle=False) as kept:
        done = json.loads(str(kept["meta"]))["training"]["done"]
    run = json.loads((out / "run.json").read_text())
    run["config"]["epochs"] = epochs = done // 27 + 2
    (out / "run.json").write_text(json.dumps(run))
    resumed = report(capsys, "train", "--resume", out)
    whole = report(capsys, *words, "--epochs", epochs)
    assert outcome(resumed) == outcome(whole)


def test_interrupted_before_anything_was_kept(capsys, small, tmp_path, monkeypatch):
    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("minimalbp.experiment.arms.warm_up", stop)
    assert main(small) == 130
    assert "no --out" in capsys.readouterr().err
    assert main([*small, "--out", str(tmp_path / "run")]) == 130
    assert "before the first checkpoint" in capsys.readouterr().err
    monkeypatch.setattr("minimalbp.experiment.arms.prepare", stop)
    assert main([*small, "--out", str(tmp_path / "other")]) == 130
    assert "before anything was kept" in capsys.readouterr().err and not (tmp_path / "other").exists()


def test_a_run_goes_on_with_the_cores_there_are(capsys, small, tmp_path):
    out = tmp_path / "run"
    report(capsys, *small, "--out", out)
    run = json.loads((out / "run.json").read_text())
    (out / "run.json").write_text(json.dumps(run | {"config": run["config"] | {"threads": 10**6}}))
    assert report(capsys, "train", "--resume", out)["config"]["threads"] == cores()
    assert report(capsys, "train", "--resume", out, "--threads", "1")["config"]["threads"] == 1


def test_metrics_keep_the_lines_of_a_run_that_is_gone_on_with(capsys, small, tmp_path, monkeypatch):
    """Stopped at the first look after the resume: the lines before it are all there."""
    out, true_prepare = tmp_path / "run", arms.prepare
    report(capsys, *small, "--out", out)
    before = (out / "metrics.jsonl").read_text().splitlines()

    def stop_soon(*args, companions, **kwargs):
        return true_prepare(*args, companions=[*companions, Told(interrupt)], **kwargs)

    def interrupt(record):
        raise KeyboardInterrupt

    monkeypatch.setattr(arms, "prepare", stop_soon)
    assert main(["train", "--resume", str(out), "--epochs", "9"]) == 130
    after = (out / "metrics.jsonl").read_text().splitlines()
    assert set(before) < set(after) and len(after) == len(before) + 1
