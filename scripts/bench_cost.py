"""The cost law on the layers of docs/results/cost.md, of random and of real gradients, and the whole step.

Random: normal numbers in the six shapes of the page. Real: x, w and dy of the two hidden layers of 784-500-500-10
on MNIST (top-k k = 25, Adam), at batch 10 and 64, saved after epochs 1 and 10: there examples share many of their
choices. Every arm is checked before it is timed (minimalbp.cost). Wants a quiet machine.

    python scripts/bench_cost.py                     about 20 minutes; --data '' where MNIST is not to be had
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from bench_options import check_writable, status, typed
from meprop_runs import commit

import minimalbp as mbp
from minimalbp.cli import cost
from minimalbp.cli import main as command
from minimalbp.errors import BadInput, check_float
from minimalbp.files import write_json
from minimalbp.measure.machine import version
from minimalbp.report.cost_figure import draw_cost

SHAPES = ["1,500,500", "10,784,500", "64,500,500", "128,1024,1024", "512,2048,2048", "64,8192,8192"]
DRAWN = ["10,784,500", "64,500,500", "512,2048,2048"]  # in the README's figure
EPOCHS = (1, 10)
BATCHES, HIDDEN = (10, 64), 500  # of the network on MNIST


def save_gradients(folder: Path, dataset: mbp.Dataset) -> list[str]:
    """One .npz for each layer, batch size and epoch, as `minimalbp cost --problem` reads them."""
    files = []
    for batch in BATCHES:
        net = mbp.mlp([dataset.n_inputs, HIDDEN, HIDDEN, dataset.n_classes], select=mbp.TopK(25))
        optimizer = mbp.Adam(net.parameters())
        for epochs in EPOCHS:  # the second run goes on from the checkpoint of the first
            mbp.fit(net, dataset, optimizer, epochs=epochs, batch_size=batch, evals_per_epoch=1,
                    checkpoint=folder / f"{batch}.npz", resume=epochs != EPOCHS[0])  # fmt: skip
            for i, layer in enumerate(net.linears()[:2]):
                path = folder / f"mnist-layer{i + 1}-batch{batch}-epoch{epochs}.npz"
                np.savez(path, **gradients(net, layer, dataset, batch))
                files.append(str(path))
    return files


def gradients(net: mbp.Sequential, layer: mbp.Linear, dataset: mbp.Dataset, batch: int) -> dict:
    """x, w and dy of a layer on the first examples."""
    seen: dict = {}
    backward = layer.backward

    def watched(dy: np.ndarray, **options: bool) -> np.ndarray | None:
        seen["dy"] = dy.copy()
        return backward(dy, **options)

    layer.backward = watched  # type: ignore[method-assign]
    loss = mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype)
    loss.forward(net.forward(net.prepare(dataset.train.x[:batch])), dataset.train.y[:batch].astype(np.int32))
    net.backward(loss.backward(), need_dx=False)
    del layer.backward
    return {"x": layer.last_x.copy(), "w": layer.weight.value.copy(), "dy": seen["dy"]}


def measured(out: Path, *words: str) -> dict:
    """What `minimalbp cost` writes."""
    if failed := command(["cost", "--out", str(out), *words]):
        raise SystemExit(failed)
    return json.loads((out / "cost.json").read_text(encoding="utf-8"))


def check(*words: str) -> None:
    """Raise BadInput for what `minimalbp cost` would refuse once its turn has come."""
    args = cost.add_parser(argparse.ArgumentParser().add_subparsers()).parse_args(words)
    cost.planned(args, check_float("seconds", args.seconds, 0, 3600, open_low=True))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0], allow_abbrev=False)
    parser.add_argument("--shape", nargs="+", default=SHAPES)
    parser.add_argument("--k", default="80,1%,2%,5%,8%,16%,32%,50%,100%")
    parser.add_argument("--data", default="mnist", help="where real gradients come from; '' for none")
    parser.add_argument("--seconds", default="0.2", help="for each point")
    parser.add_argument("--batch", default="1,10,64", help="of the whole step")
    parser.add_argument(
        "--to", type=Path, default=Path("docs/results"), help="folder of cost.json and cost.png"
    )
    args = parser.parse_args(argv)
    return status(lambda: run(args, argv))


def run(args: argparse.Namespace, argv: list[str] | None) -> None:
    """Check, measure, write. Raises BadInput."""
    made_by = str(commit())
    common = ["--seconds", args.seconds, "--k", args.k]
    step = ["--phase", "step", "--batch", args.batch, "--k", "25", "--seconds", args.seconds]
    check("--shape", *args.shape, *common)
    check(*step)
    dataset = mbp.load_dataset(args.data) if args.data else None
    if dataset:  # the problems are made when the first measurement is done, but their shapes are known
        widths = (dataset.n_inputs, HIDDEN)
        check("--shape", *(f"{batch},{n_in},{HIDDEN}" for batch in BATCHES for n_in in widths), *common)
        if (have := len(dataset.train.y)) < max(BATCHES):
            raise BadInput(
                f"{args.data} has {have} examples to train on; a batch of {max(BATCHES)} is wanted"
            )
    for name in ("cost.json", "cost.png"):
        check_writable(args.to / name)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        report = measured(folder, "--shape", *args.shape, *common)
        if dataset:
            real = measured(folder, "--problem", *save_gradients(folder, dataset), *common)
            report["results"] += real["results"]
        report["steps"] = measured(folder, *step)["results"]
    report["torch"], report["commits"] = version("torch"), [made_by]
    report["command"] = typed("bench_cost", argv)
    drawn = [r for r in report["results"] if ",".join(map(str, r["shape"])) in DRAWN and "problem" not in r]
    write_json(args.to / "cost.json", report)
    draw_cost(report | {"results": drawn or report["results"]}, args.to / "cost.png")


if __name__ == "__main__":
    sys.exit(main())
