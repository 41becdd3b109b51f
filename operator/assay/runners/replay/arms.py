"""Under which arm or size a table has each arm of a study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from assay.api.arms import Arm, arms_of
from assay.api.errors import Problem, nearest
from assay.api.reading.words import one_of
from assay.api.resources import ProxyStudy
from assay.recorded.columns.names import fidelity_of
from assay.recorded.table import Table

FARTHEST_RATIO = 1.5
"""The largest ratio of the size that an arm asks for and the one that stands for it. In a table whose sizes double, it
is 1.42 at most."""
NOTHING_CHOSEN: Mapping[str, str] = MappingProxyType({})


def recorded_arms(
    resource: ProxyStudy, table: Table, chosen: Mapping[str, str]
) -> tuple[Mapping[str, str], list[Problem]]:
    """Return the arm or size of the table for each arm of the study, and what is wrong with those that it lacks.

    An arm is what `chosen` says, or else the arm of the same name; else, in a table whose arms are numbers of epochs
    (or percents of the data, image sizes), the one that the arm's own field says. With sizes it is the nearest one.
    """
    place, arms = f"ProxyStudy/{resource.name}", arms_of(resource)
    if table.sizes:
        sizes = {arm.name: table.nearest_size(arm.fidelity.data_percent)[0] for arm in arms}
        return sizes, [problem for arm in arms for problem in _sizes(arm, arms[0], table, sizes, place)]
    found = {arm.name: _recorded_arm(arm, table, chosen.get(arm.name)) for arm in arms}
    names = [table.shown_arm(name) for name in table.arms]
    problems = []
    for name in chosen:
        if name not in found:
            allowed = f"an arm of the study: {one_of(list(found))}"
            problems.append(Problem("assay replay", "--recorded-arm", repr(name), allowed, nearest(name, found)))
    for arm in arms:
        if found[arm.name] is None:
            wanted = chosen.get(arm.name, arm.name)
            allowed = f"an arm that the table has: {one_of(names)} (--recorded-arm {arm.name}=ARM says which it is)"
            path = "spec.reference" if arm.proxy is None else f"{_path(arm)}.name"
            problems.append(Problem(place, path, repr(wanted), allowed, nearest(wanted, names)))
    return {name: recorded for name, recorded in found.items() if recorded is not None}, problems


def _recorded_arm(arm: Arm, table: Table, chosen: str | None) -> str | None:
    if chosen is not None:
        return table.arm_called(chosen)
    return table.arm_called(arm.name) or _by_fidelity(arm, table)


def _by_fidelity(arm: Arm, table: Table) -> str | None:
    """Return the arm whose number is what the arm's own field says, where the arms of the table are numbers of that."""
    field = fidelity_of(table.arm_column)
    wanted = arm.read_at if field == "epochs" and arm.read_at else getattr(arm.fidelity, field, None) if field else None
    if wanted is None:
        return None
    numbers = {name: _number(table.shown_arm(name)) for name in table.arms}
    if field == "data_percent" and all(number is not None and number <= 1 for number in numbers.values()):
        wanted = wanted / 100  # shares, not percents
    return next((name for name, number in numbers.items() if number == wanted), None)


def _number(text: str) -> float | None:
    try:
        return float(text.rstrip(" %"))
    except ValueError:
        return None


def _sizes(arm: Arm, reference: Arm, table: Table, arms: Mapping[str, str], place: str) -> Iterator[Problem]:
    path = _path(arm)
    full, own = ({**each.fidelity.model_dump(), "recipe": each.recipe} for each in (reference, arm))
    differing = [name for name in own if own[name] != full[name] and name != "data_percent"]
    if differing:
        given = f"{arm.name!r}, which also differs from the reference in {one_of(differing)}"
        yield Problem(place, path, given, "dataPercent alone, since the table records sizes")
        return
    percent = arm.fidelity.data_percent
    name, ratio = table.nearest_size(percent)
    recorded = f"a share of {table.arms[-1]}, the largest size, near to a recorded one: {one_of(table.arms)}"
    if ratio > FARTHEST_RATIO:
        wanted = max(table.sizes.values()) * percent / 100
        yield Problem(place, f"{path}.dataPercent", f"{percent}, which is a size of {wanted:g}", recorded)
    same = next(other for other, size in arms.items() if size == name)
    if same != arm.name:
        yield Problem(place, f"{path}.dataPercent", f"{percent}, which is size {name}, as {same} is", recorded)


def _path(arm: Arm) -> str:
    return "spec.reference" if arm.proxy is None else f"spec.proxies[{arm.proxy}]"
