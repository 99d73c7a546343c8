"""The command line as the tests type it."""

import json

from minimalbp.cli import main

# of `minimalbp prune` and what it takes
SIZES = ["--filters", "4,6", "--hidden", "8"]
FEW = ["--batch", "9", "--backend", "reference", "--threads", "1"]
QUICK = ["--ratio", "0.5", "--a", "0.3", "--interval", "1", "--updates", "30", "--retrain", "1"]
PHASES = ["forward", "select", "dw", "dx", "other", "update", "total"]


def refused(capsys, *words):
    """The one line of a refusal."""
    assert main([str(w) for w in words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = (said for said in err.splitlines() if "compiling the kernels" not in said)
    return line


def report(capsys, *words):
    assert main([*map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)  # nothing else may stand on stdout


def outcome(found):
    """What must not depend on the clock."""
    curves = [{name: v for name, v in run["curve"].items() if name != "seconds"} for run in found["runs"]]
    timed = ("seconds", "seconds_to_target", "curve")
    return [
        {k: v for k, v in run.items() if k not in timed} | {"curve": curve}
        for run, curve in zip(found["runs"], curves)
    ]
