"""`minimalbp topology`: build a sparse topology or read one, count its paths, draw it, write it to files."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BadInput, short
from . import graphchallenge
from .numbers import float_or_text, int_or_text

if TYPE_CHECKING:
    from ..topology import Topology

# The options that each kind has besides those of all
OWN = {
    "radix": ("systems", "d", "sizes", "degrees", "density", "sign", "anywhere", "cut"),
    "random": ("sizes", "density", "degree", "fan_in", "fan_out", "seed"),
    "regular": ("sizes", "density", "fan_in", "seed"),
    "bernoulli": ("sizes", "density", "seed"),
    "cayley": ("sizes", "generators"),
    "file": ("sizes", "depth", "cut"),
    graphchallenge.NAME: graphchallenge.OPTIONS,
}


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add `topology` to the subparsers of `minimalbp`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "topology", help="sparse topologies: build, count, draw, write", description=__doc__
    )
    add = parser.add_argument
    add(
        "what",
        metavar="KIND",
        help="radix, random, regular, cayley or bernoulli; or a file, or a folder of layers: .npz of scipy, .tsv "
        "of triples, .edges, .txt or .csv; or graphchallenge",
    )
    add("--systems", nargs="+", metavar="R,R", help="of radix: the radices of each system, such as 3,4 2,3,2")
    add("--d", metavar="N,N", help="of radix: copies of each node layer, one more than radices (default 1)")
    add(
        "--sizes",
        metavar="N,N",
        help="nodes of each node layer; of radix with --degrees or --density, and of files that do not say them",
    )
    add("--degrees", metavar="N,N", help="of radix: edges that leave a node of each node layer but the last")
    add("--sign", type=int_or_text, help="of radix: -1 (default) as in the GraphChallenge, or 1")
    add(
        "--anywhere",
        action="store_true",
        default=None,
        help="of radix: allow incomplete systems before the last",
    )
    add(
        "--cut", metavar="N,N", help="of radix and files: nodes to leave in each layer; the first are dropped"
    )
    add(
        "--density",
        metavar="P,P",
        help="share of edges, such as 0.1 or 10%%, for all layers or for each; of radix the nearest that there is",
    )
    add(
        "--degree",
        metavar="N,N",
        help="of random: inputs that each output draws, where outputs are fewer; else outputs that each input "
        "draws",
    )
    add("--fan-in", metavar="N,N", help="of random and regular: inputs of each output")
    add("--fan-out", metavar="N,N", help="of random: outputs of each input")
    add(
        "--generators",
        nargs="+",
        metavar="S,S",
        help="of cayley: an edge from x to x + s for each, for all layers or for each; write --generators=-1,1 "
        "with a minus",
    )
    add("--seed", type=int_or_text, help="of random, regular and bernoulli (default 0)")
    add("--depth", type=int_or_text, help="of a folder: how many layers to read (default all)")
    add("--paths", action="store_true", help="count the paths however long it takes")
    add(
        "--out",
        metavar="PATH",
        help="write it: to a file (.edges, .txt, .csv; of one layer .npz, .tsv), or to a new folder",
    )
    add("--kind", help="of the files in a folder: npz (default), tsv or edges")
    add(
        "--value",
        type=float_or_text,
        help="of the edges in a .tsv (default 1; the GraphChallenge has 0.0625)",
    )
    add(
        "--plot",
        metavar="FILE",
        help="draw the graph and the matrices; the file ends in .png, .svg or .pdf",
    )
    add("--json", action="store_true", help="print one JSON object and nothing else")
    graphchallenge.add_options(parser)
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Do what `minimalbp topology ...` asks. Returns 0, or 1 where a check failed; raises BadInput."""
    from ..errors import check_float
    from ..report.curves_figure import check_figure
    from ..report.topology_figure import draw_topology
    from ..report.topology_table import topology_table
    from ..topology import facts, write_topology
    from ..topology.paths import MOST_WORK

    kind = args.what if args.what in OWN and args.what != "file" else "file"
    _check_options(kind, args)
    if kind == graphchallenge.NAME:
        return graphchallenge.run(args)
    if args.out is None and (args.kind is not None or args.value is not None):
        raise BadInput("--kind and --value say how files are written; give --out too")
    if args.out is not None and (not args.out or "\0" in args.out):
        raise BadInput(f"--out must name a file or a folder, not {args.out!r}")
    plot = None if args.plot is None else check_figure(args.plot)
    value = 1.0 if args.value is None else check_float("value", args.value, float("-inf"))
    if value == 0:
        raise BadInput("--value must not be 0, which is no edge for those who read the file")
    _check_form(args)
    net, said = _file(args) if kind == "file" else BUILDERS[kind](args)
    if args.out is not None:
        write_topology(net, args.out, args.kind or "npz", value)
    if plot is not None:
        draw_topology(net, plot)
    found = facts(net, None if args.paths else MOST_WORK).as_dict()
    report = {"name": args.what if kind != "file" else Path(args.what).name, **said, **found}
    print(json.dumps(report) if args.json else topology_table(json.loads(json.dumps(report))))
    return 0


def _check_form(args: argparse.Namespace) -> None:
    """Refuse options of other forms of files than --out has."""
    suffix = Path(args.out or "").suffix
    folder = suffix not in (".npz", ".tsv", ".edges", ".txt", ".csv")
    if args.kind is not None and not folder:
        raise BadInput(f"--kind is for a folder of layers, and --out {args.out} is a file; leave it out")
    if args.value is not None and not (suffix == ".tsv" or (folder and args.kind == "tsv")):
        raise BadInput("--value is for .tsv files alone; give --kind tsv or an --out that ends in .tsv")


def _check_options(kind: str, args: argparse.Namespace) -> None:
    """Refuse an option of another kind."""
    if kind == "file" and not Path(args.what).exists():
        kinds = ", ".join(name for name in OWN if name != "file")
        raise BadInput(
            f"there is no file or folder {short(args.what)}, and no topology of that kind ({kinds})"
        )
    for name in sorted({name for names in OWN.values() for name in names}):
        if getattr(args, name) is not None and name not in OWN[kind]:
            own = ", ".join(f"--{option.replace('_', '-')}" for option in OWN[kind])
            shown = args.what if kind != "file" else "a file"
            raise BadInput(f"--{name.replace('_', '-')} is not for {shown}, which has {own}")


Built = tuple["Topology", dict[str, Any]]  # and what the table says of how it was built


def _radix(args: argparse.Namespace) -> Built:
    from ..topology import RadixNet, fitted_radix, radix_net, reduced_format

    cut, sign = _cut(args), -1 if args.sign is None else args.sign
    if args.systems is not None and args.sizes is None and args.degrees is None:
        systems = [_ints("systems", text) for text in args.systems]
        d = None if args.d is None else _ints("d", args.d)
        plan = RadixNet(systems, d, sign=sign, anywhere=bool(args.anywhere))
    elif args.sizes is not None and args.systems is None and (args.degrees is None) != (args.density is None):
        if args.d is not None or args.anywhere:
            raise BadInput("--d and --anywhere go with --systems; leave them out with --sizes")
        sizes = _ints("sizes", args.sizes)
        if args.degrees is not None:
            plan = reduced_format(sizes, _ints("degrees", args.degrees), sign=sign)
        elif cut is not None:
            raise BadInput("radix with --density is cut to --sizes; leave --cut out")
        else:
            density, *more = _floats("density", args.density)
            if more:
                raise BadInput(f"radix has one density for all layers, not {args.density}")
            plan, cut = fitted_radix(sizes, density, sign=sign), sizes
    else:
        raise BadInput(
            "radix needs --systems, or --sizes with --degrees or --density, such as --systems 2,2,2 --d 1,2,2,1"
        )
    said = {"systems": plan.systems, "d": plan.d, "sign": plan.sign}
    return radix_net(plan, cut=cut), said


def _random(args: argparse.Namespace) -> Built:
    from ..seeds import Streams
    from ..topology import random_net

    seed = 0 if args.seed is None else args.seed
    rng = Streams(seed).generator("topology")
    amounts: dict[str, Any] = {}
    for name in ("density", "degree", "fan_in", "fan_out"):
        text = getattr(args, name)
        if text is not None:
            read = _floats if name == "density" else _ints
            found = read(name.replace("_", "-"), text)
            amounts[name] = found[0] if len(found) == 1 else found
    return random_net(args.what, _sizes(args), rng, **amounts), {"seed": seed}


def _cayley(args: argparse.Namespace) -> Built:
    from ..topology import Topology, cayley

    sizes = _sizes(args)
    if args.generators is None:
        raise BadInput("cayley needs --generators, such as --generators 0,1,5")
    sets = [_ints("generators", text) for text in args.generators]
    if len(set(sizes)) > 1:
        raise BadInput(f"cayley needs equal sizes, not {args.sizes}: its nodes are the elements of one group")
    if len(sets) == 1:
        sets *= len(sizes) - 1
    if len(sets) != len(sizes) - 1:
        raise BadInput(f"--generators needs one set, or {len(sizes) - 1} for the layers, not {len(sets)}")
    return Topology([cayley(sizes[0], one) for one in sets]), {"generators": sets}


def _file(args: argparse.Namespace) -> Built:
    from ..topology import read_topology

    sizes = None if args.sizes is None else _ints("sizes", args.sizes)
    net, cut = read_topology(args.what, sizes, args.depth), _cut(args)
    return net if cut is None else net.cut(cut), {}


BUILDERS: dict[str, Callable[[argparse.Namespace], Built]] = {
    "radix": _radix, "random": _random, "regular": _random, "bernoulli": _random, "cayley": _cayley,
}  # fmt: skip


def _sizes(args: argparse.Namespace) -> list[int]:
    """Two sizes or more."""
    sizes = _ints("sizes", args.sizes) if args.sizes is not None else []
    if len(sizes) < 2:
        raise BadInput(f"{args.what} needs --sizes, two or more, such as 784,300,10")
    return sizes


def _cut(args: argparse.Namespace) -> list[int] | None:
    return None if args.cut is None else _ints("cut", args.cut)


def _ints(name: str, text: str) -> list[int]:
    return _numbers(name, text, int, "whole numbers such as 2,3")


def _floats(name: str, text: str) -> list[float]:
    def share(part: str) -> float:
        return float(part[:-1]) / 100 if part.endswith("%") else float(part)

    return _numbers(name, text, share, "numbers such as 0.1 or 10%,50%")


def _numbers(name: str, text: str, kind: Callable[[str], Any], wanted: str) -> list[Any]:
    try:
        return [kind(part) for part in text.split(",")]
    except ValueError:
        raise BadInput(f"--{name} must be {wanted}, not {short(text)}") from None
