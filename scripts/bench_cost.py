"""The cost law on the layers of docs/results/cost.md, of random and of real gradients, and the whole step.

Random: normal numbers in the six shapes of the page. Real: x, w and dy of the two hidden layers of 784-500-500-10
on MNIST (top-k k = 25, Adam), at batch 10 and 64, saved after epochs 1 and 10: there examples share many of their
choices. Every arm is checked before it is timed (minimalbp.cost). Wants a quiet machine.

    python scripts/bench_cost.py                     about 20 minutes; MNIST is skipped where it is not at hand
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from meprop_runs import commit

import minimalbp as mbp
from minimalbp.cli import main as command
from minimalbp.measure.machine import version

SHAPES = ["1,500,500", "10,784,500", "64,500,500", "128,1024,1024", "512,2048,2048", "64,8192,8192"]
DRAWN = ["10,784,500", "64,500,500", "512,2048,2048"]  # in the README's figure
EPOCHS = (1, 10)


def save_gradients(folder: Path, data: str) -> list[str]:
    """One .npz for each layer, batch size and epoch, as `minimalbp cost --problem` reads them."""
    dataset = mbp.load_dataset(data)
    files = []
    for batch in (10, 64):
        net = mbp.mlp([dataset.n_inputs, 500, 500, dataset.n_classes], select=mbp.TopK(25))
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
    if command(["cost", "--out", str(out), *words]) != 0:
        raise SystemExit(1)
    return json.loads((out / "cost.json").read_text(encoding="utf-8"))


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--shape", nargs="+", default=SHAPES)
    parser.add_argument("--k", default="80,1%,2%,5%,8%,16%,32%,50%,100%")
    parser.add_argument("--data", default="mnist", help="where real gradients come from; '' for none")
    parser.add_argument("--seconds", default="0.2", help="for each point")
    parser.add_argument("--batch", default="1,10,64", help="of the whole step")
    parser.add_argument(
        "--to", type=Path, default=Path("docs/results"), help="folder of cost.json and cost.png"
    )
    args = parser.parse_args(argv)
    made_by = str(commit())
    common = ["--seconds", args.seconds, "--k", args.k]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        report = measured(folder, "--shape", *args.shape, *common)
        (folder / "cost.png").replace(folder / "all.png")
        if args.data:
            real = measured(folder, "--problem", *save_gradients(folder, args.data), *common)
            report["results"] += real["results"]
        steps = measured(
            folder, "--phase", "step", "--batch", args.batch, "--k", "25", "--seconds", args.seconds
        )
        report["steps"] = steps["results"]
    report["torch"], report["commits"] = version("torch"), [made_by]
    report["command"] = " ".join(["python scripts/bench_cost.py", *(sys.argv[1:] if argv is None else argv)])
    drawn = [r for r in report["results"] if ",".join(map(str, r["shape"])) in DRAWN and "problem" not in r]
    from minimalbp.cost.figure import draw_cost
    from minimalbp.files import write_json

    write_json(args.to / "cost.json", report)
    draw_cost(report | {"results": drawn or report["results"]}, args.to / "cost.png")


if __name__ == "__main__":
    main()
