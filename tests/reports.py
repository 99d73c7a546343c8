"""Reports of `compare`, made up."""

PHASES = ("forward", "select", "dw", "dx", "other", "update")
DENSE_SECONDS = dict(zip(PHASES, (3.0, 0.0, 2.0, 2.0, 1.0, 2.0)))  # 10 in all
SPARSE_SECONDS = dict(zip(PHASES, (3.0, 0.2, 0.3, 0.3, 0.2, 0.5)))  # 4.5 in all; 5 times as fast backward


def counted(parts, unit=1):
    """Seconds, operations or bytes of the phases, and their total."""
    found = {phase: unit * value for phase, value in parts.items()}
    return found | {"total": sum(found.values())}


def run_of(name, *, seed=0, test=0.98, dev=(0.9, 0.97, 0.99), losses=(1.0, 0.5, 0.2), first=2.3, seconds=None,
           select="topk", center="off", score="accuracy"):  # fmt: skip
    """A run of an arm: its dev scores after 1, 2, 3, ... seconds."""
    parts = seconds or (DENSE_SECONDS if name == "dense" else SPARSE_SECONDS)
    return {
        "name": name, "seed": seed, "select": {"name": "dense" if name == "dense" else select}, "center": center,
        f"dev_{score}": max(dev), f"test_{score}": test, "best_epoch": 1 + dev.index(max(dev)), "steps": 30,
        "dev_loss": 0.1, "test_loss": 0.1, "first_loss": first,
        "seconds": counted(parts), "ops": counted({p: int(1e6 * s) for p, s in parts.items()}),
        "bytes": counted({p: int(1e7 * s) for p, s in parts.items()}),
        "curve": {"seconds": [1.0 + i for i in range(len(dev))], "step": [10 * (1 + i) for i in range(len(dev))],
                  "train_loss": [*losses, *dev][: len(dev)], "dev": list(dev)},
        "notes": [],
    }  # fmt: skip


def report_of(*runs, scores=None, target=None, rows="chosen", **more):
    """A report with these runs, and the speed-ups of its sparse arms."""
    from minimalbp.report.curves import set_target

    seconds = {}
    for run in runs:
        total = seconds.setdefault(run["name"], dict.fromkeys(run.get("seconds", {}), 0))
        for phase, value in run.get("seconds", {}).items():
            total[phase] += value
    speedup = {}
    for name in seconds.keys() - {"dense"} if seconds.get("dense") else ():
        dense, mine = seconds["dense"], seconds[name]
        if mine:
            back = [sum(s[p] for p in ("select", "dw", "dx", "other")) for s in (dense, mine)]
            speedup[name] = {"backward": back[0] / back[1], "step": dense["total"] / mine["total"]}
    report = {
        "data": {"name": "digits", "train": 1079, "dev": 359, "test": 359},
        "config": {"optimizer": "adam", "rows": rows, "batch": 10, "epochs": 3, "backend": "cpu", "k": "5%"},
        "scores": scores or {"accuracy": "accuracy"}, "examples": "", "sizes": [64, 500, 500, 10],
        "pools": {"numba": 2}, "seed": 0, "runs": [dict(run) for run in runs], "speedup": speedup,
    } | more  # fmt: skip
    set_target(report, target)
    return report
