"""The inference of the GraphChallenge, as a table to read."""

from __future__ import annotations

from typing import Any

from .tables import align

SHOWN = (1, 2, 3, 5, 10, 20, 30)  # layers after which the images that live are told, and the last
ARMS = (("minimalbp", ""), ("scipy CSR", "scipy_"), ("PyTorch sparse_csr", "torch_"))


def graphchallenge_table(report: dict[str, Any]) -> str:
    """What `minimalbp topology graphchallenge` prints of its report."""
    lines = [_title(report), _categories(report), _live(report), _made(report), "", align(_rows(report))]
    return "\n".join(lines)


def _title(report: dict[str, Any]) -> str:
    threads = f"{report['threads']} thread{'s' * (report['threads'] != 1)}"
    parts = (
        f"{report['neurons']} neurons",
        f"{report['layers']} layers",
        f"{report['images']:,} images",
        threads,
    )
    return " · ".join(("GraphChallenge", *parts))


def _categories(report: dict[str, Any]) -> str:
    ok, checked = report["ok"], report["checked"]
    verdict = (
        "not checked, since nothing is known of them"
        if ok is None
        else f"{'ok' if ok else 'NOT OK'} ({checked})"
    )
    return f"categories: {report['categories']:,} · SHA-256 {report['categories_sha256'][:16]} · {verdict}"


def _live(report: dict[str, Any]) -> str:
    live = report["live"]
    layers = [*(layer for layer in SHOWN if layer < len(live)), len(live)]
    found = ", ".join(f"{live[layer - 1]:,}" for layer in layers)
    return f"images that live after layer {', '.join(map(str, layers))}: {found}"


def _made(report: dict[str, Any]) -> str:
    verb = "read" if report["made"] == "files" else "made"
    pieces = "" if report["pieces"] == 1 else f", in {report['pieces']} pieces"
    memory = "" if report["memory"] is None else f" · memory at most {report['memory'] / 1e9:.1f} GB"
    return (
        f"{verb} in seconds: images {report['images_seconds']:.1f}, layers {report['layers_seconds']:.1f}{pieces}"
        f"{memory}"
    )


def _rows(report: dict[str, Any]) -> list[list[str]]:
    rows = [["", "seconds", "challenge edges/s", "edges processed/s", "speed-up of minimalbp"]]
    for name, prefix in ARMS:
        took = report[f"{prefix}seconds"]
        if took is None:
            continue
        of_challenge, of_all = report["images"] * report["edges"] / took, report["edges_processed"] / took
        times = "" if not prefix else f"{took / report['seconds']:.1f}x"
        rows.append([name, f"{took:.3f}", f"{of_challenge:.3g}", f"{of_all:.3g}", times])
    return rows
