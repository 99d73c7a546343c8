"""`minimalbp data`: list the known data sets, fetch them, import them from a folder, show where they are."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from ..data.known.cache import import_from
from ..data.known.fetch import fetch
from ..data.known.locations import locate, locate_unpacked, locations, missing, read_verified
from ..data.known.registry import KNOWN, KnownFile, KnownSet, known_set

DIGITS = {
    "name": "digits", "about": "handwritten digits, inside scikit-learn", "licence": "CC BY 4.0",
    "train": 1079, "dev": 359, "test": 359, "shape": [8, 8], "n_classes": 10, "here": True,
    "found": ["scikit-learn"], "missing": [],
}  # fmt: skip


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add `data` and its four commands to the subparsers of `minimalbp`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "data", help="list, fetch, import and find data sets", description=__doc__
    )
    commands = parser.add_subparsers(dest="data_command", metavar="COMMAND", required=True)
    lister = commands.add_parser("list", help="the known data sets and whether they are here")
    lister.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    fetcher = commands.add_parser("fetch", help="download known sets into the cache and verify them")
    fetcher.add_argument("names", nargs="+", metavar="NAME", help=", ".join(KNOWN))
    importer = commands.add_parser("import", help="copy files of known sets from a folder into the cache")
    importer.add_argument("folder", metavar="DIR", help="searched two folders deep; names do not matter")
    where = commands.add_parser("where", help="the folders that are searched, and the files in use")
    where.add_argument("name", nargs="?", metavar="NAME", help=", ".join(KNOWN))
    where.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Do what `minimalbp data ...` asks. Returns 0; raises BadInput."""
    commands = {"list": _list, "fetch": _fetch, "import": _import, "where": _where}
    commands[args.data_command](args)
    return 0


def _list(args: argparse.Namespace) -> None:
    rows = [DIGITS, *(_row(entry) for entry in KNOWN.values())]
    if args.json:
        print(json.dumps({"sets": rows}))
        return
    print(f"{'name':<14} {'train':>6} {'dev':>6} {'test':>6}  {'shape':<7} {'licence':<13} where")
    for row in rows:
        shape = "x".join(map(str, row["shape"])) or "trees"  # a treebank has sentences of any length
        sizes = f"{row['train']:>6} {row['dev']:>6} {row['test']:>6}"
        print(f"{row['name']:<14} {sizes}  {shape:<7} {row['licence']:<13} {_found(row)}")


def _row(entry: KnownSet) -> dict[str, Any]:
    """What `list` says of a set. It goes by file names only; hashes are checked when a set is used."""
    hits = [locate(entry, file) for file in entry.files] + [locate_unpacked(entry)]
    train, dev, test = entry.sizes
    lacking = [file.name for file in missing(entry)]
    return {
        "name": entry.name, "about": entry.about, "licence": entry.licence,
        "train": train, "dev": dev, "test": test, "shape": list(entry.shape),
        "n_classes": len(entry.classes), "here": not lacking,
        "found": sorted({str(hit[1].parent) for hit in hits if hit}), "missing": lacking,
    }  # fmt: skip


def _found(row: dict[str, Any]) -> str:
    if not row["found"]:
        return "not here"
    lacking = f" ({len(row['missing'])} files missing)" if row["missing"] else ""
    return ", ".join(row["found"]) + lacking


def _fetch(args: argparse.Namespace) -> None:
    for name in args.names:
        if name == "digits":
            print("digits  inside scikit-learn, nothing to fetch")
    # every name is checked before the first download
    for name in [known_set(name).name for name in args.names if name != "digits"]:
        fetch(name, say=print)


def _import(args: argparse.Namespace) -> None:
    taken = import_from(Path(args.folder).expanduser())
    for entry, file, path in taken:
        print(f"{entry.name}  {file.name}  from {path}")
    for name in dict.fromkeys(entry.name for entry, _, _ in taken):
        if lacking := _row(KNOWN[name])["missing"]:
            print(f"{name}  not here yet: {', '.join(lacking)}; no file in {args.folder} has that content")


def _where(args: argparse.Namespace) -> None:
    name = args.name
    if name == "digits":
        empty = {"places": [], "name": name, "files": {}}
        print(json.dumps(empty) if args.json else "digits  inside scikit-learn")
        return
    searched = locations(known_set(name).name if name else None)
    out: dict[str, Any] = {
        "places": [{"kind": p.kind, "folder": str(p.folder), "exists": p.folder.is_dir()} for p in searched]
    }
    if name:
        entry = KNOWN[name]
        out |= {"name": name, "files": {file.name: _file(entry, file) for file in entry.files}}
    if args.json:
        print(json.dumps(out))
        return
    for p in out["places"]:
        print(f"{p['kind']:<15} {p['folder']}{'' if p['exists'] else '  (no such folder yet)'}")
    if name and (hit := locate_unpacked(KNOWN[name])):
        print(f"{hit[1].name:<24} {hit[1]}  unpacked")
    for file_name, file in out.get("files", {}).items():
        print(f"{file_name:<24} {file['path'] or 'not here'}  SHA-256 {file['sha256']}")


def _file(entry: KnownSet, file: KnownFile) -> dict[str, str | None]:
    """The path in use for a file, with its content verified, and the SHA-256 that it has or must have."""
    hit = locate(entry, file)
    if hit is not None:
        read_verified(entry, file, hit[1])
    return {"path": str(hit[1]) if hit else None, "sha256": file.sha256}
