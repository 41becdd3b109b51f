"""From the caches to a study that can be planned."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assay.api.errors import InvalidInput, NotAllowed, Problem
from assay.api.policy import Policy, not_allowed
from assay.api.resources import DatasetReference, Hypothesis, ProxyStudy
from assay.api.selection import select_hypotheses
from assay.controller.reconciling.links import followed
from assay.controller.world import World
from assay.kube import Manifest
from assay.planning.study.study import Study
from assay.rounds.gather import gather_study
from assay.runners.protocol import Runner
from assay.store import StoreLimits
from assay_trainer.contract import Dataset, DatasetManifest, ExamplesManifest


def gather(
    resource: ProxyStudy,
    world: World,
    runner: Runner,
    datasets: Callable[[DatasetReference, str], tuple[Dataset, DatasetManifest | ExamplesManifest]],
    policy: Policy,
    most_hypotheses: int = StoreLimits().hypotheses,
) -> Study:
    """Return the study with what its namespace holds now.

    Raises NotAllowed, before anything is read, for what the installation does not allow; DatasetNotReadable if only the
    data set is wrong; else InvalidInput.
    """
    hypotheses = hypotheses_of(resource, world)
    selected = select_hypotheses(resource, hypotheses)
    if len(selected) > most_hypotheses:
        given, allowed = f"{len(selected)} hypotheses", f"at most {most_hypotheses} (limits.hypotheses)"
        place = f"ProxyStudy/{resource.name}"
        raise NotAllowed([Problem(place, "spec.hypotheses.selector", given, f"{allowed}; choose some by their labels")])
    if refused := not_allowed(resource, selected, policy, followed):
        raise NotAllowed(refused)
    return gather_study(resource, hypotheses, runner, datasets)


def hypotheses_of(resource: ProxyStudy, world: World) -> Sequence[Hypothesis]:
    """Return the hypotheses of the study's namespace. Raises InvalidInput.

    A hypothesis that can't be read does not trouble the studies that do not select it.
    """
    hypotheses: list[Hypothesis] = []
    problems: list[Problem] = []
    for manifest in world.hypotheses_of(resource.metadata.namespace or ""):
        try:
            hypotheses.append(world.parsed(Hypothesis, manifest))
        except InvalidInput as error:
            if selects(resource, manifest):
                problems += error.problems
    if problems:
        raise InvalidInput(problems)
    return hypotheses


def selects(study: ProxyStudy, hypothesis: Manifest) -> bool:
    """Return whether a study selects a hypothesis of its namespace, readable or not."""
    selection, metadata = study.spec.hypotheses, hypothesis["metadata"]
    return (
        metadata["name"] == selection.baseline
        or selection.selector is None
        or selection.selector.matches(metadata.get("labels") or {})
    )
