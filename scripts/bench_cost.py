"""The cost law on the layers of docs/results/cost.md, of random and of real gradients, and the whole step.

Random: normal numbers in the six shapes of the page. Real: x, w and dy of the two hidden layers of 784-500-500-10
on MNIST (top-k k = 25, Adam), at batch 10 and 64, saved after epochs 1 and 10: there examples share many of their
choices. Every arm is checked before it is timed (minimalbp.cost). Wants a quiet machine.

    python scripts/bench_cost.py                     about 20 minutes; --data '' where MNIST is not to be had
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from common.command import commit, status, typed

import minimalbp as mbp
from minimalbp.cost import plan_layers, plan_steps
from minimalbp.experiment import check_ints, parse_k
from minimalbp.files import check_writable, write_json
from minimalbp.measure import version
from minimalbp.report import draw_cost

SHAPES = ["1,500,500", "10,784,500", "64,500,500", "128,1024,1024", "512,2048,2048", "64,8192,8192"]
DRAWN = ["10,784,500", "64,500,500", "512,2048,2048"]  # in the README's figure
EPOCHS = (1, 10)
BATCHES, HIDDEN = (10, 64), 500  # of the network on MNIST
NETWORK, K = (784, 500, 500, 10), 25  # of the whole step


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


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0], allow_abbrev=False)
    parser.add_argument("--shape", nargs="+", default=SHAPES)
    parser.add_argument("--k", default="80,1%,2%,5%,8%,16%,32%,50%,100%")
    parser.add_argument("--data", default="mnist", help="where real gradients come from; '' for none")
    parser.add_argument("--seconds", type=float, default=0.2, help="for each point")
    parser.add_argument("--batch", default="1,10,64", help="of the whole step")
    parser.add_argument(
        "--to", type=Path, default=Path("docs/results"), help="folder of cost.json and cost.png"
    )
    args = parser.parse_args(argv)
    return status(lambda: run(args, argv))


def run(args: argparse.Namespace, argv: list[str] | None) -> None:
    """Check, measure, write. Raises BadInput."""
    made_by = str(commit())
    ks = [value for text in args.k.split(",") for value in parse_k(text).values()]
    options = {"ks": ks, "seconds": args.seconds}
    layers = plan_layers([check_ints("shape", text) for text in args.shape], **options)
    steps = plan_steps(NETWORK, check_ints("batch", args.batch), ks=[K], seconds=args.seconds)
    dataset = mbp.load_dataset(args.data) if args.data else None
    if dataset:  # the problems are made when the first measurement is done, but their shapes are known
        plan_layers([(batch, n, HIDDEN) for batch in BATCHES for n in (dataset.n_inputs, HIDDEN)], **options)
        if (have := len(dataset.train.y)) < max(BATCHES):
            raise mbp.BadInput(
                f"{args.data} has {have} examples to train on; a batch of {max(BATCHES)} is wanted"
            )
    for name in ("cost.json", "cost.png"):
        check_writable(args.to / name)
    report = layers.measure(progress=True)
    if dataset:
        with tempfile.TemporaryDirectory() as folder:
            real = plan_layers(problems=save_gradients(Path(folder), dataset), **options)
            report["results"] += real.measure(progress=True)["results"]
    report["steps"] = steps.measure(progress=True)["results"]
    report["torch"], report["commits"] = version("torch"), [made_by]
    report["command"] = typed("bench_cost", argv)
    drawn = [r for r in report["results"] if ",".join(map(str, r["shape"])) in DRAWN and "problem" not in r]
    write_json(args.to / "cost.json", report)
    draw_cost(report | {"results": drawn or report["results"]}, args.to / "cost.png")


if __name__ == "__main__":
    sys.exit(main())
