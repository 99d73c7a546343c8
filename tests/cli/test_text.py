"""`minimalbp train --task tagging|parsing` and `minimalbp annotate`: what they print, write and refuse."""

import io
import json
import os

import pytest
from commands import PHASES, outcome, refused, report
from trees import toy_treebank

import minimalbp as mbp
from minimalbp.cli import main
from minimalbp.experiment.settings import Settings
from minimalbp.tasks import TASKS

BACKEND = ["--backend", "reference"] if "NUMBA_DISABLE_JIT" in os.environ else []  # else a minute each
BAD = "1\ta\t_\tX\tD\t_\t0\troot\t_\t_\n\n1\tb\t_\tX\tN\t_\t2\troot\t_\t_\n\n"


@pytest.fixture
def toy(tmp_path):
    return toy_treebank(tmp_path / "toy.conllu", n=30)


@pytest.fixture(params=["tagging", "parsing"])
def words(request, toy):
    """A small training of either task."""
    batch = {"tagging": [], "parsing": ["--batch", "50"]}[request.param]
    small = ["--hidden", "8", "--k", "2", "--epochs", "2"]
    return ["train", "--task", request.param, "--data", toy, *small, *batch, *BACKEND]


def test_json_has_the_promised_shape(capsys, words):
    found = report(capsys, *words)
    assert [run["name"] for run in found["runs"]] == ["dense", "topk 2"]
    data, parsing = found["data"], words[2] == "parsing"
    assert (data["train"], data["dev"], data["test"]) == (24, 3, 3)
    assert data["division"] == "cut from one file in its order: 24, 3 and 3 of 30 sentences"
    assert found["sizes"][:2] == ([2400, 8] if parsing else [190, 8])
    for run in found["runs"]:
        assert list(run["ops"]) == PHASES and run["ops"]["dw"] > 0
        scores = ["uas", "las"] if parsing else ["accuracy"]
        assert list(found["scores"]) == scores and all(0 <= run[f"test_{name}"] <= 1 for name in scores)
        assert ("test_accuracy" in run) != parsing
    if parsing:
        assert data["not_projective"] == {"train": 0, "dev": 0, "test": 0}
        assert data["transitions"] == 2 * data["words"]["train"]
    else:
        assert data["baseline"]["name"] == "most frequent tag" and 0 < data["baseline"]["test_accuracy"] <= 1


def test_the_table_has_the_scores_of_the_task_and_what_to_compare_with(capsys, words):
    assert main([*words, "--no-compare"]) == 0
    out = capsys.readouterr().out
    parsing = words[2] == "parsing"
    wanted = ("dev UAS", "dev LAS", "test UAS at best dev", "test LAS at best dev", "not projective",
              "0 in train (0.0%)") if parsing else ("dev accuracy", "most frequent tag")  # fmt: skip
    for text in (*wanted, "24 train, 3 dev, 3 test sentences", "whole step", "operations"):
        assert text in out, text


def test_a_run_is_kept_and_gone_on_with(capsys, words, tmp_path):
    """Stopped after an epoch and gone on with is the run of two; the vocabularies lie beside the weights."""
    out = tmp_path / "run"
    whole = report(capsys, *words, "--dropout", "0.1")
    report(capsys, *words, "--dropout", "0.1", "--epochs", "1", "--out", out)
    assert {p.name for p in out.iterdir()} == {
        "run.json", "metrics.jsonl", "vocabularies.json", "dense.checkpoint.npz", "dense.safetensors",
        "topk-2.checkpoint.npz", "topk-2.safetensors",
    }  # fmt: skip
    resumed = report(capsys, "train", "--resume", out, "--epochs", "2")
    assert outcome(resumed) == outcome(whole)
    known = json.loads((out / "vocabularies.json").read_text())
    kind = mbp.Parsing if words[2] == "parsing" else mbp.Tagging
    assert kind.from_json(known).as_json() == known
    assert "only --epochs" in refused(capsys, "train", "--resume", out, "--tags", "upos")


def test_centred_layers_and_lists_of_units(capsys, words, toy, tmp_path):
    """Compared, gone on with and used: running means lie among the weights."""
    out, batch = tmp_path / "run", ["--batch", "60"] if words[2] == "parsing" else ["--batch", "4"]
    more = ["--select", "systematic-batch,threshold,signs", "--center", "forward", *batch]
    whole = report(capsys, *words, *more)
    report(capsys, *words, *more, "--epochs", "1", "--out", out)
    assert outcome(report(capsys, "train", "--resume", out, "--epochs", "2")) == outcome(whole)
    names = [run["name"] for run in whole["runs"]]
    assert names[1:] == [f"{name} 2 forward" for name in ("systematic-batch", "threshold", "signs")]
    ops = {run["name"]: run["ops"] for run in whole["runs"]}
    assert all(ops[name]["dw"] < ops[names[0]]["dw"] for name in names[1:])
    to, gold = tmp_path / "to.conllu", mbp.load_treebank(toy).test
    mbp.write_conllu(tmp_path / "test.conllu", gold)
    for run in whole["runs"][1:]:
        assert (
            main(["annotate", str(out), str(tmp_path / "test.conllu"), "--to", str(to), "--run", run["name"]])
            == 0
        )
        capsys.readouterr()
        said = mbp.read_conllu(to)
        if words[2] == "tagging":
            assert mbp.tag_accuracy(gold, [s.xpos for s in said]) == run["test_accuracy"]
        else:
            assert mbp.attachment(gold, said).uas == run["test_uas"]


def test_the_batch_of_a_parser_is_clipped_to_the_data_with_a_note(capsys, toy):
    small = ["--hidden", "4", "--k", "2", "--epochs", "1"]
    words = ["train", "--task", "parsing", "--data", toy, *small, "--no-compare"]
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert "note: batch = 10000 is larger than the training part; all its " in err and "batch " in out
    found = report(capsys, *words)
    assert found["config"]["batch"] == found["data"]["transitions"] == found["runs"][0]["ops"]["select"] / 4


def test_a_config_file_names_the_task(capsys, toy, tmp_path):
    (tmp_path / "c.toml").write_text(
        f'task = "tagging"\ndata = "{toy}"\nhidden = [4, 3]\nbidirectional = true\ntags = "upos"\n'
        "k = 2\nepochs = 1\n"
    )
    found = report(capsys, "train", "--config", tmp_path / "c.toml")
    assert found["config"]["task"] == "tagging" and found["config"]["hidden"] == [4, 3]
    assert found["config"]["bidirectional"] is True and found["config"]["batch"] == 1


def test_defaults_are_those_of_the_task():
    assert Settings() == Settings(
        task="classify", data="digits", hidden=(500, 500), k="5%", lr=1e-3, batch=10
    )
    tagging, parsing = Settings(task="tagging"), Settings(task="parsing", optimizer="adagrad")
    assert (tagging.k, tagging.batch, tagging.hidden, tagging.lr) == (10, 1, (500,), 1e-3)
    assert (parsing.k, parsing.batch, parsing.hidden, parsing.lr) == (20, 10_000, (500,), 0.01)
    assert (Settings(task="parsing").lr, Settings(task="parsing").dropout, tagging.dropout) == (
        2e-3,
        0.5,
        0.0,
    )
    for task, own in ((t.name, t.defaults) for t in TASKS.values()):
        made = Settings(task=task)
        assert {name: getattr(made, name) for name in own} == own
        assert Settings(**made.as_json()) == made and "task" in made.as_json()
    old = {
        name: v for name, v in Settings().as_json().items() if name not in ("task", "tags", "bidirectional")
    }
    assert Settings(**old) == Settings()  # a run.json from before there were tasks


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--task", "taging"], "did you mean 'tagging'"),
        (["--task", "classify", "--tags", "xpos"], "tags are for the tasks tagging and parsing"),
        (["--task", "classify"], "a treebank"),
        (["--task", "parsing", "--bidirectional"], "bidirectional is for a tagger"),
        (["--task", "parsing", "--hidden", "8,8"], "one hidden layer"),
        (["--task", "tagging", "--tags", "xpo"], "did you mean 'xpos'"),
        (["--task", "tagging", "--data", "digits"], "unknown treebank"),
        (["--task", "tagging", "--data", "ud-english-etw"], "did you mean 'ud-english-ewt'"),
        (["--task", "tagging", "--batch", "25"], "larger than the 24 training examples"),
        (["--task", "tagging", "--hidden", "900000"], "GB"),
        (["--task", "parsing", "--hidden", "900000000"], "GB"),
    ],
)
def test_what_makes_no_sense_gets_one_line(capsys, toy, tmp_path, words, said):
    line = refused(capsys, "train", "--data", toy, "--out", tmp_path / "run", *words)
    assert said in line and line.startswith("minimalbp") and not (tmp_path / "run").exists()


def test_malformed_conllu_is_told_with_its_line(capsys, tmp_path, words):
    (tmp_path / "bad.conllu").write_text(BAD)
    at = words.index("--data") + 1
    words[at] = str(tmp_path / "bad.conllu")
    line = refused(capsys, *words)
    assert "bad.conllu, line 3: head 2 is outside the sentence of 1 words" in line
    (tmp_path / "bad.conllu").write_text("1\ta\t_\tX\tD\t_\t0\troot\n")
    assert "bad.conllu, line 1: 8 columns, not 10" in refused(capsys, *words)
    (tmp_path / "bad.conllu").write_text("1\ta\t_\tX\t_\t_\t0\troot\t_\t_\n\n" * 4)
    assert "bad train: sentence 1: word 1 has no xpos tag" in refused(capsys, *words)


# --- annotate -------------------------------------------------------------------------------------------------


@pytest.fixture
def trained(capsys, words, tmp_path):
    """(the folder of a run, its report)."""
    return tmp_path / "run", report(capsys, *words, "--epochs", "6", "--out", tmp_path / "run")


def test_annotate_writes_what_the_best_network_finds(capsys, trained, words, toy, tmp_path):
    """The test part, annotated, has the test accuracy of the report; the command and the function agree."""
    out, found = trained
    gold = mbp.load_treebank(toy).test
    parsing = words[2] == "parsing"
    bare = [mbp.Sentence(s.forms, xpos=s.xpos if parsing else ()) for s in gold]
    mbp.write_conllu(tmp_path / "bare.conllu", bare)
    for name, run in zip(("dense", "topk 2"), found["runs"]):
        to = tmp_path / f"{name}.conllu"
        assert (
            main(["annotate", str(out), str(tmp_path / "bare.conllu"), "--to", str(to), "--run", name]) == 0
        )
        stdout, stderr = capsys.readouterr()
        assert stdout == "" and stderr == f"minimalbp: {name}: 3 sentences\n"
        said = mbp.read_conllu(to, trees=parsing)
        if parsing:
            scores = mbp.attachment([g.changed(upos=s.upos) for g, s in zip(gold, said)], said)
            assert (scores.uas, scores.las) == (run["test_uas"], run["test_las"])
            assert [s.xpos for s in said] == [g.xpos for g in gold]
        else:
            assert mbp.tag_accuracy(gold, [s.xpos for s in said]) == run["test_accuracy"]
        assert mbp.load_annotator(out, name)(bare) == list(said)
    assert (
        main(["annotate", str(out), str(tmp_path / "bare.conllu")]) == 0
    )  # that with the selector, to stdout
    assert capsys.readouterr().out == to.read_text()


def test_annotate_says_how_much_of_the_files_own_it_found(capsys, trained, words, toy, tmp_path):
    out, _ = trained
    assert main(["annotate", str(out), toy, "--to", str(tmp_path / "to.conllu.gz")]) == 0
    error = capsys.readouterr().err
    scores = ("uas", "las") if words[2] == "parsing" else ("accuracy",)
    assert error.endswith("against the file's own\n") and all(f", {name} " in error for name in scores)
    assert len(mbp.read_conllu(tmp_path / "to.conllu.gz")) == 30


def test_no_score_against_what_is_no_tree(capsys, trained, words, toy, tmp_path):
    gold = [s.changed(heads=[0] * len(s)) for s in mbp.load_treebank(toy).test]
    mbp.write_conllu(tmp_path / "roots.conllu", gold)
    assert main(["annotate", str(trained[0]), str(tmp_path / "roots.conllu")]) == 0
    assert ("against the file's own" in capsys.readouterr().err) == (words[2] == "tagging")


def test_what_annotate_refuses(capsys, trained, words, toy, tmp_path):
    out, _ = trained
    assert "there is no run.json" in refused(capsys, "annotate", tmp_path, toy)
    assert "did you mean 'topk 2'" in refused(capsys, "annotate", out, toy, "--run", "topk 3")
    (tmp_path / "bad.conllu").write_text(BAD)
    assert "line 3: head 2" in refused(capsys, "annotate", out, tmp_path / "bad.conllu")
    if words[2] == "parsing":
        (tmp_path / "bare.conllu").write_text("1\ta\t_\tX\t_\t_\t_\t_\t_\t_\n\n")
        line = refused(capsys, "annotate", out, tmp_path / "bare.conllu")
        assert "sentence 1: word 1 has no xpos tag, which this parser reads" in line
    own = tmp_path / "own.conllu"
    before = (tmp_path / "toy.conllu").read_bytes()
    own.write_bytes(before)
    assert "is the file to annotate" in refused(capsys, "annotate", out, own, "--to", own)
    assert own.read_bytes() == before
    (out / "topk-2.safetensors").rename(tmp_path / "kept")
    assert "no weights of topk 2 yet" in refused(capsys, "annotate", out, toy)
    (tmp_path / "kept").rename(out / "topk-2.safetensors")
    known = json.loads((out / "vocabularies.json").read_text())
    known["column"] = 3
    (out / "vocabularies.json").write_text(json.dumps(known))
    line = refused(capsys, "annotate", out, toy)
    assert "damaged" in line and "vocabularies.json: the vocabularies of a " in line
    (out / "vocabularies.json").unlink()
    assert "cannot read" in refused(capsys, "annotate", out, toy)
    (out / "run.json").write_text("{}")
    assert "not that of a training run" in refused(capsys, "annotate", out, toy)


def test_stdout_is_utf8_whatever_the_terminal_is(trained, words, toy, tmp_path, monkeypatch):
    """The table as well: signs that the terminal lacks are spelt out, and no result is lost for them."""
    word = "1\t\u65e5\t_\tX\tD\t_\t0\troot\t_\t_\n\n"
    (tmp_path / "u.conllu").write_text(word, encoding="utf-8")
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii", newline="\r\n"))
    assert main(["annotate", str(trained[0]), str(tmp_path / "u.conllu")]) == 0
    assert raw.getvalue().decode("utf-8").startswith("1\t\u65e5\t_\tX\t") and b"\r" not in raw.getvalue()
    assert main([*words, "--epochs", "1"]) == 0
    assert b" sentences \\xb7 " in raw.getvalue()


@pytest.mark.parametrize("at", [2, 4])
def test_a_file_without_a_name(capsys, trained, toy, at):
    line = ["annotate", trained[0], toy, "--to", "x"]
    line[at] = ""
    assert "must name a file, not ''" in refused(capsys, *line)


def test_a_classifier_annotates_nothing(capsys, small, toy, tmp_path):
    report(capsys, *small, "--out", tmp_path / "run")
    assert "no tagger or parser" in refused(capsys, "annotate", tmp_path / "run", toy)
