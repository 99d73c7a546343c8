"""The arms of a comparison: every combination of topologies, selectors, numbers of units and ways of centring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any

from ..errors import BadInput, short
from ..tasks import TASKS
from ..topology.named import NAMES
from .settings import Settings

LISTS = (
    "topology",
    "density",
    "select",
    "k",
    "center",
)  # the settings in which the arms of one comparison may differ


def combine(options: Mapping[str, Any]) -> list[Settings]:
    """The settings of each arm that these options ask for, in the order in which they are trained.

    Parameters
    ----------
    options : mapping
        Settings by name. Each of topology, density, select, k and center may be a list, or text with commas. Where
        none of these nor rows is there, the task says what is compared (`Task.first_run_of`). Gradients on a
        topology are dense, unless select or k is there.

    Returns
    -------
    list of Settings
        One for each combination, each once.

    Raises
    ------
    BadInput
        As Settings does, and for an empty list.

    Examples
    --------
    >>> [arm.arm() for arm in combine({"select": "topk,unified", "k": ["5%", 2], "rows": "chosen"})]
    ['topk 5%', 'topk 2', 'unified 5%', 'unified 2']
    """
    shared = {name: value for name, value in options.items() if name not in LISTS}
    lists = {name: as_list(name, options[name]) for name in LISTS if name in options}
    if "topology" in lists and not {"select", "k"} & lists.keys():
        lists["select"] = ["dense"]
    if lists or "rows" in options:
        several = any(name in NAMES for name in lists.get("topology", ()))
        found = [dict(zip(lists, values)) for values in product(*lists.values())]
        found = [_fitting(arm) for arm in found] if several else found
    else:
        usual = next(iter(TASKS.values()))  # an unknown task is for Settings to refuse
        task = TASKS.get(str(options.get("task")), usual)
        first = task.first_run_of(str(options.get("model", "mlp")))
        shared, found = shared | {"rows": first["rows"]}, list(first["arms"])
    return check_arms(Settings(**shared | arm) for arm in found)


def plain(settings: Settings) -> Settings:
    """The settings of the dense network that arms are compared with."""
    return settings.changed(topology=None, density=None, select="dense", center="off")


def _fitting(arm: dict[str, Any]) -> dict[str, Any]:
    """An arm of a list of topologies without the density that is not its own."""
    mine = arm.get("topology", NAMES[0])
    return arm if mine in NAMES else {name: value for name, value in arm.items() if name != "density"}


def check_arms(arms: Settings | Iterable[Settings]) -> list[Settings]:
    """The arms as a list, each once. Raises BadInput unless they are Settings that differ as `LISTS` says."""
    found = [arms] if isinstance(arms, Settings) else list(arms) if isinstance(arms, Iterable) else [arms]
    for one in found:
        if not isinstance(one, Settings):
            raise BadInput(
                f"the arms of a comparison are Settings, not {short(one)}; make them with Settings(...)"
            )
    if not found:
        raise BadInput("a comparison needs at least one arm; give Settings(...), or a list of them")
    first = found[0].as_json()
    same: dict[Any, Settings] = {}
    for one in found:
        for name, value in one.as_json().items():
            if name not in LISTS and value != first[name]:
                remedy = "say hidden, such as 300,100" if name == "hidden" else "compare them in two runs"
                raise BadInput(
                    f"the arms of a comparison differ in {', '.join(LISTS)} only, but {one.arm()} has {name} = "
                    f"{short(value)} and {found[0].arm()} {short(first[name])}; {remedy}"
                )
        same.setdefault((one.topology, one.density, one.selector(), one.center), one)
    names = [one.arm() for one in same.values()]
    if len(set(names)) < len(names):
        raise BadInput(
            f"two networks would be called {max(names, key=names.count)}; rename one of the topologies"
        )
    return list(same.values())


def read_arms(report: Mapping[str, Any], settings: Settings) -> list[Settings]:
    """The arms beside dense in a run.json. One of an earlier version had one arm, that of its settings."""
    return [settings.changed(**arm) for arm in report.get("arms", ())] or [settings]


def read_list(settings: Settings, name: str, values: Any) -> list[Any]:
    """The values of a list as these settings would hold them. Raises BadInput as Settings does."""
    others: dict[str, dict[str, Any]] = {"topology": {"density": None}, "density": {"topology": NAMES[0]}}
    return [
        getattr(settings.changed(**others.get(name, {}) | {name: value}), name)
        for value in as_list(name, values)
    ]


def as_list(name: str, value: Any) -> list[Any]:
    """The values of a list, or of text with commas. Raises BadInput for a list without any."""
    if isinstance(value, str):
        value = value.split(",")
    found = list(value) if isinstance(value, (list, tuple)) else [value]
    if not found:
        raise BadInput(f"{name} must have at least one value, not []")
    return [one.strip() if isinstance(one, str) else one for one in found]
