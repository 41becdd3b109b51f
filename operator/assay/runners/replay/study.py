"""A study on a table: its hypotheses and arms are those that the table has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from assay.api.arms import Arm, arms_of
from assay.api.checks.check import checked
from assay.api.errors import InvalidInput, Problem, nearest
from assay.api.metadata import ObjectMeta
from assay.api.reading.words import one_of
from assay.api.resources import Hypothesis, HypothesisSpec, ProxyStudy
from assay.api.selection import select_hypotheses
from assay.planning.study.capacity import Capacity
from assay.planning.study.definition import StudyDefinition
from assay.planning.study.programs import program_of, scoring_program
from assay.planning.study.study import Study
from assay.recorded.table import Table
from assay.runners.replay.recorded import code_digest
from assay_trainer.contract import Dataset

FARTHEST_RATIO = 1.5
"""The largest ratio of the size that an arm asks for and the one that stands for it. In a table whose sizes double, it
is 1.42 at most."""


class Replayed(NamedTuple):
    """A study to replay, and under which arm or size the table has each of its arms.

    `note` says in a sentence where the table has less than the study asks for; it is empty otherwise.
    """

    study: Study
    arms: Mapping[str, str]
    note: str = ""


def replay_study(resource: ProxyStudy, hypotheses: Sequence[Hypothesis], table: Table, slots: int) -> Replayed:
    """Return the study on the table's hypotheses. Raises InvalidInput.

    The study's selector chooses among the hypotheses that manifests describe; the table's others are made from their
    names. A hypothesis that the table lacks is left out. A study may ask for more seeds than the table has, but not
    as its initial ones.
    """
    described = {hypothesis.name: hypothesis for hypothesis in hypotheses}
    unselected = set(described) - {hypothesis.name for hypothesis in select_hypotheses(resource, hypotheses)}
    names = [name for name in table.hypotheses if name not in unselected]
    recorded = tuple(_hypothesis(name, described.get(name)) for name in names)
    resource = _without_selector(resource)
    checked(resource, recorded, None)
    arms = _arms_by_size(resource, table) if table.sizes else {arm.name: arm.name for arm in arms_of(resource)}
    if problems := [*_arms(resource, table, arms), *_seeds(resource, table)]:
        raise InvalidInput(problems)
    resource, note = _within(resource, table)
    programs = {program_of(resource.spec, hypothesis) for hypothesis in recorded} | {scoring_program(resource.spec)}
    definition = StudyDefinition(
        resource=resource,
        hypotheses=select_hypotheses(resource, recorded),
        code={program: code_digest(table, program) for program in programs},
        dataset=Dataset(manifest=resource.spec.dataset.manifest, digest=table.digest),
    )
    return Replayed(Study.of(definition, capacity=Capacity(slots)), arms, note)


def _hypothesis(name: str, described: Hypothesis | None) -> Hypothesis:
    # Its own recipe, which nothing reads, keeps its trials apart from those of all others.
    recipe = {"recorded": name}
    if described is not None:
        return described.model_copy(update={"spec": described.spec.model_copy(update={"recipe": recipe})})
    spec = HypothesisSpec(statement=f"Recorded as {name}.", recipe=recipe)
    return Hypothesis(metadata=ObjectMeta(name=name), spec=spec)


def _without_selector(resource: ProxyStudy) -> ProxyStudy:
    selection = resource.spec.hypotheses.model_copy(update={"selector": None})
    return resource.model_copy(update={"spec": resource.spec.model_copy(update={"hypotheses": selection})})


def _arms_by_size(resource: ProxyStudy, table: Table) -> dict[str, str]:
    return {arm.name: table.nearest_size(arm.fidelity.data_percent)[0] for arm in arms_of(resource)}


def _arms(resource: ProxyStudy, table: Table, arms: Mapping[str, str]) -> Iterator[Problem]:
    """Yield what is wrong with arms that the table can't stand for."""
    place = f"ProxyStudy/{resource.name}"
    reference, *proxies = arms_of(resource)
    for arm, path in zip((reference, *proxies), ("spec.reference", *_paths(proxies)), strict=True):
        if table.sizes:
            yield from _sizes(arm, reference, table, arms, place, path)
        elif arm.name not in table.arms:
            allowed = f"an arm that the table has: {one_of(table.arms)}"
            yield Problem(place, f"{path}.name", repr(arm.name), allowed, nearest(arm.name, table.arms))


def _sizes(arm: Arm, reference: Arm, table: Table, arms: Mapping[str, str], place: str, path: str) -> Iterator[Problem]:
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


def _paths(proxies: Sequence[Arm]) -> Iterator[str]:
    return (f"spec.proxies[{index}]" for index in range(len(proxies)))


def _seeds(resource: ProxyStudy, table: Table) -> Iterator[Problem]:
    if resource.spec.seeds.initial > table.seeds:
        allowed = f"at most {table.seeds}, as many as the table has"
        yield Problem(f"ProxyStudy/{resource.name}", "spec.seeds.initial", str(resource.spec.seeds.initial), allowed)


def _within(resource: ProxyStudy, table: Table) -> tuple[ProxyStudy, str]:
    """Return the study with no more seeds than the table has, and what is to be said about it.

    Nothing is said of a maximum that nobody wrote down.
    """
    seeds = resource.spec.seeds
    if seeds.maximum <= table.seeds:
        return resource, ""
    capped = seeds.model_copy(update={"maximum": table.seeds})
    asked = "maximum" in seeds.model_fields_set
    note = f"spec.seeds.maximum is {seeds.maximum}; the table has {table.seeds} seeds, so that many are the most."
    spec = resource.spec.model_copy(update={"seeds": capped})
    return resource.model_copy(update={"spec": spec}), note if asked else ""
