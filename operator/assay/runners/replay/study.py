"""A study on a table: its hypotheses and arms are those that the table has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from assay.api.arms import arms_of
from assay.api.checks.check import checked
from assay.api.errors import InvalidInput, Problem
from assay.api.metadata import ObjectMeta
from assay.api.resources import Hypothesis, HypothesisSpec, ProxyStudy
from assay.api.selection import select_hypotheses
from assay.planning.study.capacity import Capacity
from assay.planning.study.definition import StudyDefinition
from assay.planning.study.programs import preparing_programs, program_of
from assay.planning.study.study import Study
from assay.recorded.table import Table
from assay.runners.replay.arms import NOTHING_CHOSEN, recorded_arms
from assay.runners.replay.recorded import code_digest
from assay_trainer.contract import Dataset


class Replayed(NamedTuple):
    """A study to replay, and under which arm or size the table has each of its arms.

    `note` says in a sentence where the table has less than the study asks for; it is empty otherwise.
    """

    study: Study
    arms: Mapping[str, str]
    note: str = ""


def replay_study(
    resource: ProxyStudy,
    hypotheses: Sequence[Hypothesis],
    table: Table,
    slots: int,
    chosen: Mapping[str, str] = NOTHING_CHOSEN,
) -> Replayed:
    """Return the study on the table's hypotheses; `chosen` says what the table calls arms. Raises InvalidInput.

    The study's selector chooses among the hypotheses that manifests describe; the table's others are made from their
    names. A hypothesis that the table lacks is left out. A study may ask for more seeds than the table has, but not
    as its initial ones.
    """
    described = {hypothesis.name: hypothesis for hypothesis in hypotheses}
    unselected = set(described) - {hypothesis.name for hypothesis in select_hypotheses(resource, hypotheses)}
    names = [name for name in table.hypotheses if name not in unselected]
    recorded = tuple(_hypothesis(name, table.shown_hypothesis(name), described.get(name)) for name in names)
    resource = _without_selector(resource)
    checked(resource, recorded, None)
    resource = _as_recorded(resource)
    arms, problems = recorded_arms(resource, table, chosen)
    if problems := [*problems, *_seeds(resource, table)]:
        raise InvalidInput(problems)
    resource, note = _within(resource, table)
    programs = {program_of(resource.spec, hypothesis) for hypothesis in recorded}
    programs.update(preparing_programs(resource.spec))
    definition = StudyDefinition(
        resource=resource,
        hypotheses=select_hypotheses(resource, recorded),
        code={program: code_digest(table, program) for program in programs},
        dataset=Dataset(manifest=resource.spec.dataset.address, digest=table.digest),
    )
    return Replayed(Study.of(definition, capacity=Capacity(slots)), arms, note)


def _hypothesis(name: str, shown: str, described: Hypothesis | None) -> Hypothesis:
    # Its own recipe, which nothing reads, keeps its trials apart from those of all others.
    recipe = {"recorded": name}
    if described is not None:
        return described.model_copy(update={"spec": described.spec.model_copy(update={"recipe": recipe})})
    spec = HypothesisSpec(statement=f"Recorded as {shown}.", recipe=recipe)
    return Hypothesis(metadata=ObjectMeta(name=name), spec=spec)


def _without_selector(resource: ProxyStudy) -> ProxyStudy:
    selection = resource.spec.hypotheses.model_copy(update={"selector": None})
    return resource.model_copy(update={"spec": resource.spec.model_copy(update={"hypotheses": selection})})


def _as_recorded(resource: ProxyStudy) -> ProxyStudy:
    """Return the study with each arm that is read from others as one of its own: a table has no curves, but it may have
    recorded the arm. Raises InvalidInput for an arm of another metric, since a table has one score a run."""
    proxies = []
    for arm in arms_of(resource)[1:]:
        assert arm.proxy is not None, "only the reference is of no proxy"
        proxy = resource.spec.proxies[arm.proxy]
        if proxy.metric is not None:
            allowed = "no metric: a table has one score a run, by spec.metric"
            given = f"metric {proxy.metric.name}"
            raise InvalidInput(
                [Problem(f"ProxyStudy/{resource.name}", f"spec.proxies[{arm.proxy}].metric", given, allowed)]
            )
        if arm.read_at is not None:
            # its recipe, which nothing reads, keeps its trials apart from the reference's
            recipe = {**proxy.recipe, "recorded": arm.name}
            proxy = proxy.model_copy(update={"name": arm.name, "read_at": None, "recipe": recipe})
        proxies.append(proxy)
    return resource.model_copy(update={"spec": resource.spec.model_copy(update={"proxies": tuple(proxies)})})


def _seeds(resource: ProxyStudy, table: Table) -> Iterator[Problem]:
    initial = resource.spec.seeds.initial
    if initial <= table.seeds:
        return
    allowed = f"at most {table.seeds}, as many as the table has"
    if table.seeds == 1:
        allowed = (
            "2 or more, and as many runs of a hypothesis on an arm. The table has one of each, which tells nothing "
            "of the noise: assay judge says what can be said all the same"
        )
    yield Problem(f"ProxyStudy/{resource.name}", "spec.seeds.initial", str(initial), allowed)


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
