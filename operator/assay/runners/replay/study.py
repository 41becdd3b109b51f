"""A study on a table: its hypotheses and arms are those that the table has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from assay.api.arms import arms_of
from assay.api.errors import InvalidInput, Problem, nearest
from assay.api.metadata import ObjectMeta
from assay.api.resources import Hypothesis, HypothesisSpec, ProxyStudy
from assay.api.selection import select_hypotheses
from assay.planning.programs import program_of, scoring_program
from assay.planning.study import Study
from assay.runners.gather import checked
from assay.runners.replay.table import Table
from assay_trainer.contract import Dataset, digest


class Replayed(NamedTuple):
    """A study to replay, and under which arm or size the table has each of its arms."""

    study: Study
    arms: Mapping[str, str]


def replay_study(resource: ProxyStudy, hypotheses: Sequence[Hypothesis], table: Table, slots: int) -> Replayed:
    """The study on the table's hypotheses. Raises InvalidInput.

    Those that the manifests describe keep their labels and priority; the others are made from their names, with
    the labels that the study selects by. A hypothesis that the table lacks is left out.
    """
    described = {hypothesis.name: hypothesis for hypothesis in hypotheses}
    selector = resource.spec.hypotheses.selector
    labels = dict(selector.match_labels) if selector else {}
    found = tuple(described.get(name) or _hypothesis(name, labels) for name in table.hypotheses)
    checked(resource, found, None)
    programs = {program_of(resource.spec, hypothesis) for hypothesis in found} | {scoring_program(resource.spec)}
    code = {program: digest(f"{table.digest} {program.entrypoint}".encode()) for program in programs}
    study = Study(
        resource=resource,
        hypotheses=select_hypotheses(resource, found),
        code=code,
        dataset=Dataset(manifest=resource.spec.dataset.manifest, digest=table.digest),
        capacity=slots,
    )
    return Replayed(study, _arms(resource, table))


def _hypothesis(name: str, labels: dict[str, str]) -> Hypothesis:
    # The recipe keeps the keys of different hypotheses apart; nothing reads it.
    spec = HypothesisSpec(statement=f"Recorded as {name}.", recipe={"recorded": name})
    return Hypothesis(metadata=ObjectMeta(name=name, labels=labels), spec=spec)


def _arms(resource: ProxyStudy, table: Table) -> dict[str, str]:
    if table.sizes:
        return {arm.name: str(table.size_of(arm.fidelity.data_percent)) for arm in arms_of(resource)}
    place, names = f"ProxyStudy/{resource.name}", table.arms
    problems = [
        Problem(
            place, "spec.proxies", f"{arm.name!r}", f"an arm of the table: {', '.join(names)}", nearest(arm.name, names)
        )
        for arm in arms_of(resource)
        if arm.name not in names
    ]
    if problems:
        raise InvalidInput(problems)
    return {arm.name: arm.name for arm in arms_of(resource)}
