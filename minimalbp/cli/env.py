"""`minimalbp env`: print versions, processor, threads and caches, to record what a result was measured on."""

from __future__ import annotations

import argparse
import json
from typing import Any

from ..report.tables import align


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add `env` to the subparsers of `minimalbp`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "env", help="versions, processor, threads and caches", description=__doc__
    )
    parser.add_argument(
        "--ceilings",
        action="store_true",
        help="measure the fastest product and copies of this machine, and print only these",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Do what `minimalbp env` asks. Returns 0."""
    if args.ceilings:
        return _ceilings(args.json)
    from ..backend import kernel_cache
    from ..data.known.locations import locations
    from ..measure.machine import machine, thread_pools, version

    here: dict[str, Any] = {
        "machine": machine(),
        "peers": {name: version(name) for name in ("torch", "matplotlib", "pillow")},
        "threads": thread_pools(),
        "kernel_cache": kernel_cache(),
        "data": [{"kind": p.kind, "folder": str(p.folder), "exists": p.folder.is_dir()} for p in locations()],
    }
    if args.json:
        print(json.dumps(here))
        return 0
    rows = [[key, str(value)] for key, value in here["machine"].items()]
    rows += [[name, str(v or "not installed")] for name, v in here["peers"].items()]
    for pool in here["threads"]:
        kernels = f", {pool['kernels']} kernels" if pool["kernels"] else ""
        rows.append(
            [
                f"threads of {pool['pool']}",
                f"{pool['threads']} ({pool['version']}{kernels}, {pool['library']})",
            ]
        )
    rows.append(["compiled kernels", here["kernel_cache"] or "not kept: no folder for them can be written"])
    rows += [
        [f"data, {p['kind']}", f"{p['folder']}{'' if p['exists'] else ' (no such folder yet)'}"]
        for p in here["data"]
    ]
    print(align([[name, value.ljust(60)] for name, value in rows]))
    return 0


def _ceilings(as_json: bool) -> int:
    """Measure and print the ceilings on all cores."""
    from ..backend import cores
    from ..cost.ceilings import ceilings
    from ..report.cost_table import ceilings_text

    found = {"threads": cores(), **ceilings(cores())}
    print(json.dumps(found) if as_json else f"{ceilings_text(found)}, {found['threads']} threads")
    return 0
