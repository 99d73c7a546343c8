"""The arms of a comparison: every combination of the selectors, the numbers of units and the ways of centring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any

from ..errors import BadInput, short
from ..tasks import TASKS
from .settings import Settings

LISTS = ("select", "k", "center")  # the settings in which the arms of one comparison may differ


def combine(options: Mapping[str, Any]) -> list[Settings]:
    """The settings of each arm that these options ask for, in the order in which they are trained.

    Parameters
    ----------
    options : mapping
        Settings by name. Each of select, k and center may be a list, or text with commas. Where none of these nor
        rows is there, the task says what is compared (`Task.first_run_of`).

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
    if lists or "rows" in options:
        found = [dict(zip(lists, values)) for values in product(*lists.values())]
    else:
        usual = next(iter(TASKS.values()))  # an unknown task is for Settings to refuse
        task = TASKS.get(str(options.get("task")), usual)
        first = task.first_run_of(str(options.get("model", "mlp")))
        shared, found = shared | {"rows": first["rows"]}, list(first["arms"])
    return check_arms(Settings(**shared | arm) for arm in found)


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
                raise BadInput(
                    f"the arms of a comparison differ in {', '.join(LISTS)} only, but {one.arm()} has {name} = "
                    f"{short(value)} and {found[0].arm()} {short(first[name])}; compare them in two runs"
                )
        same.setdefault((one.selector(), one.center), one)
    return list(same.values())


def read_arms(report: Mapping[str, Any], settings: Settings) -> list[Settings]:
    """The arms beside dense in a run.json. One of an earlier version had one arm, that of its settings."""
    return [settings.changed(**arm) for arm in report.get("arms", ())] or [settings]


def as_list(name: str, value: Any) -> list[Any]:
    """The values of a list, or of text with commas. Raises BadInput for a list without any."""
    if isinstance(value, str):
        value = value.split(",")
    found = list(value) if isinstance(value, (list, tuple)) else [value]
    if not found:
        raise BadInput(f"{name} must have at least one value, not []")
    return [one.strip() if isinstance(one, str) else one for one in found]
