"""The folder of a run: run.json, metrics.jsonl, and a checkpoint and the best weights of each of its networks."""

from __future__ import annotations

import json
import shlex
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..errors import BadInput
from ..files import read_json, replacing, write_json
from ..train.checkpoint import read_checkpoint
from ..train.history import History, Record

VOCABULARIES = "vocabularies.json"  # the encoding of a tagger or parser
CHECKPOINT = ".checkpoint.npz"
SEED = " seed "
SMALL = "simplified"  # the network of `minimalbp simplify` that shrinks
TRAINED, PRUNED = "trained", "pruned"  # the networks of `minimalbp prune`
RESULTS = (  # the keys of run.json that training fills in
    "runs", "summary", "speedup", "target", "decoding",
    "accuracy", "layers", "updates", "remainder", "recovered", "settled", "difference", "all_layers",
)  # fmt: skip
FIXED = (
    "config",
    "plan",
    "controls",
    "retrain",
    "fold_batchnorm",
    "source",
)  # those that must stay in a resumed run


class Folder:
    """The files of a run in `path`; with None nothing is kept.

    command: the subcommand to name in messages. live: whether metrics.jsonl is written after each evaluation. Where
    several processes train, only the one that started them may write it.
    """

    def __init__(self, path: Path | None, command: str = "train", *, live: bool = True):
        self.path, self.command, self.live = path, command, live
        self.metrics: dict[str, History] = {}  # by the name of the network, in their order

    def open(self, report: dict[str, Any]) -> None:
        """Claim the folder, which must be empty or new. Raises BadInput for any other."""
        out = self.path
        if out is None:
            return
        try:
            if out.is_file():
                raise BadInput(f"{out} is a file; give a new folder")
            if out.exists() and any(out.iterdir()):
                or_resume = f", or go on with --resume {out}" if (out / "run.json").is_file() else ""
                raise BadInput(f"{out} is already in use; give a new folder{or_resume}")
            out.mkdir(parents=True, exist_ok=True)
        except OSError as e:
            raise BadInput(f"cannot make the folder {out}: {e.strerror or e}; choose another") from e
        self.write("run.json", report)

    def check(self, report: dict[str, Any], names: list[str]) -> list[str]:
        """Those of the named networks that have a checkpoint here.

        Raises BadInput for other data than this run has, for a checkpoint of none of the networks, and for best
        weights that are missing.
        """
        assert self.path is not None
        if read_json(self.path / "run.json")["data"]["sha256"] != report["data"]["sha256"]:
            raise BadInput(f"{self.path} was trained on other data than {report['data']['name']} holds now")
        known = {f"{file_stem(name)}{CHECKPOINT}": name for name in names}
        found = sorted(self.path.glob(f"*{CHECKPOINT}"))
        for path in found:
            if path.name not in known:
                runs = f"{self.path / 'run.json'} ({', '.join(names)})"
                raise BadInput(f"{path} belongs to no run of {runs}; was that file edited?")
            weights = self.path / f"{path.name.removesuffix(CHECKPOINT)}.safetensors"
            if any(record.test for record in _records(path)) and not weights.is_file():
                raise BadInput(
                    f"{weights} is missing, which alone holds the weights of the best evaluation so far; "
                    "put it back, or begin anew with another --out"
                )
        return [known[path.name] for path in found]

    def check_settings(self, report: dict[str, Any]) -> None:
        """Raise BadInput unless the run here has the settings of `report`, apart from threads."""
        if self.path is None:
            return
        before = read_json(self.path / "run.json")
        for key in FIXED:
            old, new = before.get(key, {}), report.get(key, {})
            if not isinstance(new, dict):
                old, new = {key: old}, {key: new}
            for name in old.keys() & new.keys() - {"threads"}:
                if old[name] != new[name]:
                    raise BadInput(
                        f"the run in {self.path} has {name} = {old[name]}; only threads may change"
                    )

    def check_edges(self, report: dict[str, Any]) -> None:
        """Raise BadInput where a file of edges is another one than when the run here began."""
        assert self.path is not None
        before = read_json(self.path / "run.json").get("edges", {})
        for name, digest in report.get("edges", {}).items():
            if before.get(name, digest) != digest:
                raise BadInput(
                    f"{name} has changed since the run in {self.path} began; put the old file back"
                )

    def reopen(self, report: dict[str, Any]) -> None:
        """Write the settings of a resumed run, and keep the old results until there are new ones."""
        assert self.path is not None
        for left in self.path.glob(".*.tmp"):  # by a process that was ended while it wrote
            left.unlink(missing_ok=True)
        before = read_json(self.path / "run.json")
        self.write("run.json", report | {key: before[key] for key in RESULTS if key in before})

    def write(self, name: str, value: Any) -> None:
        """Write a file of JSON."""
        if self.path is not None:
            write_json(self.path / name, value)

    def checkpoint(self, name: str) -> Path | None:
        """The checkpoint of a network."""
        return None if self.path is None else self.path / f"{file_stem(name)}{CHECKPOINT}"

    def weights(self, name: str) -> Path | None:
        """The best weights of a network."""
        return None if self.path is None else self.path / f"{file_stem(name)}.safetensors"

    def load_history(self, name: str) -> None:
        """Take the records of a network from its checkpoint, if there is one."""
        path = self.checkpoint(name)
        self.metrics[name] = History(_records(path) if path is not None and path.exists() else [])

    def keep_history(self, name: str, history: History) -> None:
        """Write metrics.jsonl with these records of a network."""
        self.metrics[name] = history
        self.write_metrics()

    def write_metrics(self) -> None:
        """Write one line for each evaluation on the dev set, the networks one after another."""
        if self.path is None or not self.live:
            return
        lines = [
            json.dumps({**_run_and_seed(name), **record.as_json()})
            for name, history in self.metrics.items()
            for record in history.records
        ]
        with replacing(self.path / "metrics.jsonl") as temporary:
            temporary.write_text("".join(line + "\n" for line in lines), encoding="utf-8")

    def interrupted(self) -> str:
        """What to tell a user who pressed Ctrl-C."""
        out = self.path
        if out is None:
            return "interrupted; nothing was kept, since no --out was given"
        again = f"go on with: minimalbp {self.command} --resume {shlex.quote(str(out))}"
        with suppress(OSError):
            if any(out.glob(f"*{CHECKPOINT}")):
                return f"interrupted; the last checkpoint is kept, {again}"
            if (out / "run.json").exists():
                return f"interrupted before the first checkpoint; {again}"
        return f"interrupted before anything was kept; {out} can be used again"


def run_name(arm: str, seed: int, several: bool) -> str:
    """What the network of an arm is called in its folder: "topk 5%", or of several seeds "topk 5% seed 1"."""
    return f"{arm}{SEED}{seed}" if several else arm


def _run_and_seed(name: str) -> dict[str, Any]:
    """How a line of metrics.jsonl begins: the arm, and the seed where `run_name` added one."""
    run, _, seed = name.partition(SEED)
    return {"run": run, "seed": int(seed)} if seed else {"run": run}


def file_stem(name: str) -> str:
    """The name of a network as the beginning of its files' names: "topk 5%" is "topk-5pct"."""
    return name.replace(" ", "-").replace("%", "pct").replace(".", "_")


def _records(checkpoint: Path) -> list[Record]:
    """The records in a checkpoint."""
    return [Record.from_json(r) for r in read_checkpoint(checkpoint)[1]["training"].get("history", [])]
