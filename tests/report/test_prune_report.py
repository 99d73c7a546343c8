"""The table and the figure of `prune`: what they say of a report, and what became of each group."""

import numpy as np
import pytest

from minimalbp.report.prune_figure import draw, fates
from minimalbp.report.prune_table import prune_table
from minimalbp.train.history import History, Record

CONFIG = {
    "model": "lenet", "optimizer": "sgd", "rows": "all", "batch": 10, "epochs": 7, "backend": "cpu",
    "select": "dense", "k": "5%",
}  # fmt: skip
PLAN = {"method": "spp", "ratio": 0.5, "speedup": None, "interval": 3}


def report_of(**changed):
    return {
        "data": {"name": "toy", "train": 60, "dev": 20, "test": 20}, "config": CONFIG, "examples": "",
        "sizes": [64, 4, 6, 10], "pools": {"numba": 2}, "seed": 0, "runs": [], "scores": {"accuracy": "accuracy"},
        "plan": PLAN, "source": None, "retrain": 5,
        "accuracy": {"before": 0.9, "pruned": 0.85, "retrained": 0.895},
        "speedup": {"theoretical": 2.0, "measured": None},
        "layers": [
            {"name": "0", "groups": 25, "pruned": 13, "theoretical": 2.08, "measured": None},
            {"name": "3", "groups": 100, "pruned": 50, "theoretical": 2.0, "measured": None},
        ],
        "all_layers": 1.8, "updates": 77, "settled": 1234, "remainder": [0, 0], "recovered": [0.0, 0.125],
    } | changed  # fmt: skip


def said(report):
    return " ".join(prune_table(report).split())


def test_the_table_says_what_was_trained_and_what_came_of_it():
    text = said(report_of())
    for words in ("batch 10 · 7 epochs", "trained here · spp, ratio 0.5 · an update every 3 steps",
                  "dense gradients", "test accuracy 90.00 % 85.00 % 89.50 %", "3 100 50 50.0% 12.5% 0 2.00x",
                  "network 125 63 50.4%",
                  "after 77 updates and 1,234 steps", "had fallen by 5.00 points",
                  "after retraining it is 0.50 points below that before",
                  "In theory the convolutions are 2.00 times as fast, and with",
                  "all other layers the network 1.80 times; --measure"):  # fmt: skip
        assert words in text
    assert "Take a smaller ratio" not in text and "left by rank, since" not in text


@pytest.mark.parametrize(
    "changed, words",
    [
        ({"source": "runs/a/dense.safetensors"}, "runs/a/dense.safetensors · spp"),
        ({"plan": PLAN | {"ratio": None, "speedup": 4.0}}, "spp, speed-up 4 ·"),
        ({"plan": PLAN | {"ratio": [0.5, 0.9]}}, "spp, ratio 0.5, 0.9 ·"),
        ({"config": CONFIG | {"select": "topk"}}, "topk 5% gradients"),
        ({"remainder": [3, 4]}, "7 groups left by rank"),
        ({"remainder": [0, 1]}, "1 group left by rank"),
        ({"plan": PLAN | {"interval": 1}}, "an update every step ·"),
        ({"updates": 1, "settled": 0}, "after 1 update and 0 steps."),
        ({"speedup": {"theoretical": 2.0, "measured": 2.3}}, "more than fewer multiply-adds explain"),
        ({"speedup": {"theoretical": 2.0, "measured": 1.7}}, "1.80 times; measured, it is 1.70 times."),
        (
            {"accuracy": {"before": 0.9, "pruned": 0.9, "retrained": 0.95}},
            "had not changed; after retraining",
        ),
        (
            {"accuracy": {"before": 0.9, "pruned": 0.95, "retrained": 0.9}},
            "by 5.00 points; after retraining it is what",
        ),
        ({"accuracy": {"before": 0.9, "pruned": 0.5, "retrained": 0.8}}, "Take a smaller ratio"),
    ],
)
def test_the_table_says_what_is_otherwise(changed, words):
    assert words in said(report_of(**changed))
    assert words not in said(report_of())


def test_epochs_of_a_training_elsewhere_are_not_shown():
    assert "7 epochs" not in said(report_of(source="a.safetensors"))


def test_fates_of_groups():
    rows = np.array([[0.1, 0.2, 0.1, 0], [0.6, 0.4, 0.2, 0], [1, 0.3, 0.2, 0]], np.float32)
    assert {name: which.tolist() for name, which in fates(rows).items()} == {
        "left": [True, False, False, False],
        "fell again": [False, True, False, False],
        "stays": [False, False, True, True],
    }


def test_a_figure_is_drawn_of_any_number_of_layers_and_with_what_was_measured(tmp_path):
    records = [
        Record(1, 10 * i, 1.0, {"accuracy": 0.5 + i / 10}, 1.0, widths=[25 - i, 100 - i]) for i in (1, 2)
    ]
    rows = np.linspace(0, 1, 3 * 500, dtype=np.float32).reshape(3, 500)
    layers = report_of()["layers"]
    for name, paths, changed in (
        ("two", {"0": rows[:, :25], "3": rows}, {}),
        ("one", {"0": rows[:1]}, {"layers": [layers[0] | {"measured": 1.5}],
                                  "speedup": {"theoretical": 2.0, "measured": 1.5}}),
    ):  # fmt: skip
        draw(paths, History(records), report_of(**changed), tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").read_bytes()[:4] == b"\x89PNG"
    assert len(list(tmp_path.iterdir())) == 2
