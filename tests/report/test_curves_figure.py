"""The figure of --plot: its lines are the means of the seeds, and what cannot be drawn is refused beforehand."""

import numpy as np
import pytest
from helpers import refused
from matplotlib.axes import Axes
from reports import report_of, run_of

from minimalbp.report import draw_curves
from minimalbp.report.curves_figure import check_figure

SLOW = run_of("topk 5%", dev=(0.5, 0.6))
STARTS = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


@pytest.fixture
def plotted(monkeypatch):
    """(label, x, y) of every line, as it is drawn."""
    lines, plot = [], Axes.plot

    def recording(self, x, y, *args, **options):
        lines.append((options.get("label"), list(np.round(x, 6)), list(np.round(y, 6))))
        return plot(self, x, y, *args, **options)

    monkeypatch.setattr(Axes, "plot", recording)
    return lines


@pytest.mark.parametrize("suffix", STARTS)
def test_the_suffix_says_what_is_written(suffix, tmp_path):
    path = tmp_path / "new" / f"curves.{suffix}"
    draw_curves(report_of(run_of("dense"), SLOW, target=0.95), path)
    assert path.read_bytes().startswith(STARTS[suffix]) and [p.name for p in path.parent.iterdir()] == [
        path.name
    ]


def test_lines_are_means_over_the_seeds(plotted, tmp_path):
    seeds = run_of("dense", dev=(0.8, 0.9)), run_of("dense", seed=1, dev=(0.6, 0.8, 0.9))
    seeds[1]["curve"]["seconds"] = [2.0, 3.0, 4.0]
    draw_curves(report_of(*seeds, SLOW, target=0.85), tmp_path / "a.png")
    assert ("dense", [1.5, 2.5], [1.0, 0.5]) in plotted  # as far as both go
    assert ("dense: after 3 s", [1.5, 2.5], [70.0, 85.0]) in plotted
    assert (None, [2.0, 3.0, 4.0], [60.0, 80.0, 90.0]) in plotted and (None, [3.0], [85.0]) in plotted
    assert ("topk 5%: never", [1.0, 2.0], [50.0, 60.0]) in plotted


def test_unknown_seconds_become_steps(plotted, tmp_path):
    old = run_of("topk 5%", dev=(0.5, 0.6))
    old["curve"]["seconds"] = [None, 2.0]
    draw_curves(report_of(run_of("dense", dev=(0.7,)), old), tmp_path / "a.png")
    assert ("dense", [10], [70.0]) in plotted and ("topk 5%", [10, 20], [50.0, 60.0]) in plotted


def test_an_arm_without_a_curve_is_left_out(plotted, tmp_path):
    lost = {"name": "topk 5%", "seed": 0, "diverged": "the loss became nan"}
    draw_curves(report_of(run_of("dense"), lost), tmp_path / "a.png")
    assert all("topk" not in (label or "") for label, *_ in plotted)
    refused(lambda: draw_curves(report_of(lost), tmp_path / "b.png"), "no run has a curve")
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_what_cannot_be_written_is_refused(tmp_path):
    refused(lambda: check_figure("curves.jpg"), "ends in .png, .svg or .pdf, not 'curves.jpg'")
    refused(lambda: check_figure("curves"), "such as curves.png")
    (tmp_path / "folder.png").mkdir()
    refused(lambda: check_figure(tmp_path / "folder.png"), "no plain file")
    (tmp_path / "file").touch()
    refused(lambda: check_figure(tmp_path / "file" / "a.png"), "cannot write")
    assert check_figure(tmp_path / "a.png") == tmp_path / "a.png" and not (tmp_path / "a.png").exists()
