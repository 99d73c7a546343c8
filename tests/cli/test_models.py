"""`minimalbp train --model lenet` and convnet: on pictures of any kind, kept, resumed, and what is refused."""

import json
import os

import numpy as np
import pytest
from commands import outcome, refused, report

import minimalbp as mbp
from minimalbp.backend import get_backend
from minimalbp.cli import main
from minimalbp.experiment.combine import combine
from minimalbp.tasks import MODELS

FEW = ["--filters", "3,4", "--hidden", "6", "--epochs", "2", "--batch", "7", "--evals", "1"]
if "NUMBA_DISABLE_JIT" in os.environ:
    FEW += ["--backend", "reference"]  # else minutes
PICTURES = ["lenet", "convnet"]


@pytest.fixture
def pictures(tmp_path):
    """A data set of colour pictures of three classes: a bright row, a bright column, a bright corner."""
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    x = 0.2 * rng.random((90, 3, 8, 9))
    x[y == 0, :, 3], x[y == 1, :, :, 4], x[y == 2, :, :3, :3] = 1, 1, 1
    np.savez(tmp_path / "pictures.npz", x=x.astype(np.float32), y=y)
    return str(tmp_path / "pictures.npz")


@pytest.fixture
def few(pictures):
    return ["train", "--data", pictures, "--model", "lenet", *FEW, "--select", "topk", "--k", "5%"]


@pytest.mark.parametrize("batchnorm", [[], ["--batchnorm"]])
@pytest.mark.parametrize("model", PICTURES)
def test_it_trains_and_says_how_many_entries_are_not_zero(capsys, pictures, model, batchnorm):
    words = [
        "train",
        "--data",
        pictures,
        "--model",
        model,
        *FEW,
        *batchnorm,
        "--select",
        "topk",
        "--k",
        "60%",
    ]
    found = report(capsys, *words)
    assert found["sizes"] == [216, 3, 4, 6, 3] and found["config"]["filters"] == [3, 4]
    for run in found["runs"]:
        assert len(run["density"]) == 2 and all(0 < share <= 1 for share in run["density"])
        assert (run["density"][0] > 0.6) == bool(batchnorm)  # without it ReLU and max pooling leave few
    dense, sparse = found["runs"]
    useless = any("k = 60 % does nothing in convolution 1" in note for note in sparse["notes"])
    assert useless == (not batchnorm) and not dense["notes"]
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert f"{model} 216-3-4-6-3" in out and "natural non-zeros of convolution 2" in out
    assert ("does nothing in convolution 1" in err) == (not batchnorm)
    assert main([*words, "--brief"]) == 0
    assert "natural non-zeros of the gradient in dense: convolution 1 " in capsys.readouterr().out


@pytest.mark.parametrize("model", PICTURES)
def test_digits_and_grey_pictures(capsys, model):
    words = ["train", "--model", model, "--filters", "2", "--epochs", "1", "--evals", "1", "--select", "topk"]
    found = report(capsys, *words, "--no-compare", "--hidden", "5")
    assert found["sizes"] == [64, 2, 5, 10] and found["runs"][0]["name"] == "topk 5%"


def test_a_folder_of_colour_pictures(capsys, tmp_path):
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    rng = np.random.default_rng(0)
    for c in "ab":
        (tmp_path / "data" / c).mkdir(parents=True)
        for i in range(12):
            colours = rng.integers(0, 256, (6, 5, 3), np.uint8)
            image.fromarray(colours).save(tmp_path / "data" / c / f"{i}.png")
    few = ["--filters", "2", "--hidden", "4", "--epochs", "1", "--batch", "5", "--augment", "crop1,flip"]
    found = report(capsys, "train", "--data", tmp_path / "data", "--model", "lenet", *few, "--k", "50%")
    assert found["data"]["shape"] == [3, 6, 5] and found["config"]["augment"] == "crop1,flip"


def test_the_first_run_compares_the_papers_rule_with_the_best(capsys, pictures):
    words = [word for word in FEW if word not in ("--evals", "1")]
    found = report(capsys, "train", "--data", pictures, "--model", "lenet", *words)
    assert [run["name"] for run in found["runs"]] == ["dense", "sample 5%", "threshold-batch 5% forward"]
    assert [arm.arm() for arm in combine({"model": "convnet", "rows": "all"})] == ["topk 5%"]


@pytest.mark.parametrize(
    "more", [["--batchnorm"], ["--augment", "crop2,flip"], ["--center", "forward"]], ids=str
)
def test_resume_ends_where_the_longer_run_does(capsys, few, tmp_path, more):
    options = [*few, *more, "--dropout", "0.2"]
    whole = report(capsys, *options, "--epochs", "3")
    out = tmp_path / "run"
    first = report(capsys, *options, "--epochs", "1", "--out", out)
    assert json.loads((out / "run.json").read_text()) == first
    assert outcome(report(capsys, "train", "--resume", out, "--epochs", "3")) == outcome(whole)
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert all(len(line["density"]) == 2 for line in lines)
    for words in (["--model", "convnet"], ["--filters", "3"], ["--augment", "flip,crop3"]):
        assert "only --epochs and --threads may change" in refused(capsys, "train", "--resume", out, *words)


def test_its_weights_can_be_loaded(capsys, few, pictures, tmp_path):
    found = report(capsys, *few, "--batchnorm", "--out", tmp_path / "run")
    net = mbp.lenet((3, 8, 9), 3, filters=(3, 4), units=(6,), batchnorm=True)
    mbp.load(net, tmp_path / "run" / "topk-5pct.safetensors")
    score = mbp.evaluate(net, mbp.load_dataset(pictures).test)
    assert score.accuracy == found["runs"][1]["test_accuracy"]


def test_a_config_file(capsys, pictures, tmp_path):
    (tmp_path / "c.toml").write_text(
        f'data = "{pictures}"\nmodel = "convnet"\nfilters = [2]\nbatchnorm = true\ncut = "before"\nbatch = 9\n'
        'augment = "flip"\nselect = "topk"\nepochs = 1\n'
    )
    found = report(capsys, "train", "--config", tmp_path / "c.toml")
    config = found["config"]
    assert (config["model"], config["filters"], config["hidden"]) == ("convnet", [2], [])
    assert (config["batchnorm"], config["cut"], config["augment"]) == (True, "before", "flip")
    assert mbp.Settings(**config).as_json() == config  # as a resumed run reads it


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--model", "lennet"], "did you mean 'lenet'"),
        (["--filters", "3"], "filters is for the models lenet and convnet"),
        (["--batchnorm"], "batchnorm is for the models lenet and convnet"),
        (["--cut", "before"], "cut is for the models lenet and convnet"),
        (["--cut", "befor"], "did you mean 'before'"),
        (["--model", "lenet", "--cut", "before"], "give batchnorm too"),
        (["--model", "lenet", "--filters", "0"], "at least 1"),
        (["--model", "lenet", "--filters", "3,x"], "whole numbers such as"),
        (["--model", "lenet", "--filters", "2,2,2,2"], "at least 16 x 16 pixels, not 8 x 9"),
        (["--model", "convnet", "--filters", "900000,900000"], "fewer filters"),
        (["--model", "lenet", "--augment", "spin"], "crop"),
        (["--task", "tagging", "--model", "lenet"], "model is for pictures"),
        (["--task", "parsing", "--augment", "flip"], "augment is for pictures"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_is_refused(capsys, pictures, words, said):
    assert said in refused(capsys, "train", "--data", pictures, *words)


@pytest.mark.parametrize("model", PICTURES)
def test_a_table_is_no_picture(capsys, points, model):
    assert f"{model} takes pictures" in refused(capsys, "train", "--data", points, "--model", model)


def test_defaults_depend_on_the_model():
    for name, model in MODELS.items():
        settings = mbp.Settings(model=name)
        for key, value in model.defaults.items():
            assert getattr(settings, key) == value
    assert mbp.Settings().filters is None and mbp.Settings(model="convnet").hidden == ()
    assert mbp.Settings(model="lenet", hidden=()).hidden == ()
    assert mbp.Settings(model="lenet", hidden="none").hidden == ()


@pytest.mark.parametrize("model", PICTURES)
def test_the_sizes_that_a_model_says_are_those_of_its_network(pictures, model):
    data, settings = mbp.load_dataset(pictures), mbp.Settings(model=model, filters=(3, 4), hidden=(6,))
    task = settings.task_object
    net = task.network(settings, data, mbp.Dense())
    weights = sum(p.value.size for p in net.parameters() if p.value.ndim > 1)
    assert task.weights(settings, data) == weights
    assert get_backend("cpu") is net.be
